"""`python -m metricpose` is the command `metricpose`."""

import sys

from metricpose.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
