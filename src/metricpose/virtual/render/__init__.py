"""Pictures of virtual people with exact labels (extra `[render]`): dressed bodies, light, a real camera's faults."""
