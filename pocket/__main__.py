"""`python -m pocket`: see `pocket.make`."""

import sys

from pocket.make import main

sys.exit(main())
