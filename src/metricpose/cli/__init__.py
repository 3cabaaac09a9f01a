"""The `metricpose` command: one module per verb, imported only when its verb is asked for."""
