"""Runs the tests of one file: plain lines, a bounded time, and the gateway's own words when something fails."""

import faulthandler
import sys
import unittest

LIMIT_S = 120


def main():
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)  # a hang says where it hangs
    program = unittest.main(module="__main__", verbosity=2, exit=False, argv=sys.argv)
    faulthandler.cancel_dump_traceback_later()
    sys.exit(0 if program.result.wasSuccessful() else 1)
