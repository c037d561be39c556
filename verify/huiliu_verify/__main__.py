"""Run the program as `python -m huiliu_verify`."""

import sys

from huiliu_verify.main import main

sys.exit(main())
