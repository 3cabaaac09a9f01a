"""Made data: poses, bodies, cameras and scenes with known truth. Needs the extra `[train]` (torch)."""
