"""Runs the tests of one file: plain lines, a bounded time, and the gateway's own words when something fails."""

import faulthandler
import sys
import time
import unittest

LIMIT_S = 280


class Timed(unittest.TextTestResult):
    """Says how long a test took that took long."""

    def startTest(self, test):
        self.begun = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        took = time.monotonic() - self.begun
        if took > 2:
            self.stream.writeln(f"    ({took:.1f} s)")
        super().stopTest(test)


def main():
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)  # a hang says where it hangs
    runner = unittest.TextTestRunner(verbosity=2, descriptions=False, resultclass=Timed)
    program = unittest.main(module="__main__", testRunner=runner, exit=False, argv=sys.argv)
    faulthandler.cancel_dump_traceback_later()
    sys.exit(0 if program.result.wasSuccessful() else 1)
