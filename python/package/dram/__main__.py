"""`python -m dram …`: dram, with this Python for the application."""
import sys

from .program import become

become(sys.argv[1:], {})
