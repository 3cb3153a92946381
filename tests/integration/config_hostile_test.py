#!/usr/bin/env python3
"""`carapace config` on files, folders and values that are not what they should be."""

import json
import os
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.config_place import Case, Place, somebody_may_run_it  # noqa: E402
from support.gateway import binary  # noqa: E402
from support.run import main  # noqa: E402


class Hostile(Case):
    READERS = (("get", "gateway.port"), ("show",), ("validate",), ("explain", "gateway.port"), ("plan",))
    WRITERS = (("set", "gateway.port", "18790"), ("unset", "gateway.port"), ("edit",))

    def all_fail(self, place, words=READERS + WRITERS):
        for one in words:
            for more in ((), ("--json",)):
                code, out, err = place.run(*one, *more, environment={"EDITOR": "true"}, limit=10)
                if one[0] == "explain":
                    self.assertIn(code, (0, 1), one)
                else:
                    self.assertEqual(code, 1, (one, out, err))
                self.assertTrue("carapace: " in err or json.loads(out)["valid"] is False, one)
                self.assertNotIn("terminate", err)

    def test_files_that_are_none(self):
        with Place() as place:
            os.mkfifo(place.file)
            self.all_fail(place)
            os.unlink(place.file)
            os.mkdir(place.file)
            self.all_fail(place)
            os.rmdir(place.file)
            os.symlink(place.file, place.file)
            self.all_fail(place)
            os.unlink(place.file)
            with socket.socket(socket.AF_UNIX) as sock:
                sock.bind(place.file)
                self.all_fail(place)
            os.unlink(place.file)
            os.symlink("/dev/zero", place.file)
            self.all_fail(place)

    def test_a_file_of_five_gigabytes(self):
        with Place() as place:
            with open(place.file, "wb") as file:
                file.truncate(5 << 30)
            self.all_fail(place)

    @unittest.skipUnless(somebody_may_run_it(), "nobody but root may run this binary")
    def test_a_file_that_may_not_be_read(self):
        with Place("{}") as place:
            os.chmod(place.file, 0)
            place.give_away()
            self.all_fail(place)

    @unittest.skipUnless(somebody_may_run_it(), "nobody but root may run this binary")
    def test_a_folder_that_may_not_be_written(self):
        with Place("{gateway: {port: 18790}}") as place:
            os.chmod(place.root, 0o500)
            place.give_away()
            self.refused(place, "set", "gateway.port", "18791")
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18790")

    def test_bytes_that_are_no_json5(self):
        for text in (b"{a: '\xff\xfe'}", b"{a: 'b\0c'}", b"\xef\xbb\xbf{", b"{" * 100_000, b"[" * 100_000, b"nonsense", b"[]", b"7",
                     b"{gateway: {port: 1}", b"{'a': 1,, }"):
            with Place(text) as place:
                self.all_fail(place, (("get", "gateway.port"), ("show",), ("validate",), ("plan",), ("set", "gateway.port", "18790"),
                                      ("unset", "gateway.port")))
                with open(place.file, "rb") as file:
                    self.assertEqual(file.read(), text)

    def test_an_empty_file_means_defaults(self):
        for text in (b"", b"  \n", b"// only a comment\n{}"):
            with Place(text) as place:
                self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18789")
                self.ok(place, "validate")
                self.ok(place, "set", "gateway.port", "18791")
                self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18791")

    def test_keys_that_are_none(self):
        with Place("{}") as place:
            for key in ("", ".", "a..b", "a[", "a[]", "[0]", "a" * 5000, ".".join("a" * 50), "a\x01b", "gateway.port.deeper"):
                for words in (("get", key), ("set", key, "1"), ("unset", key)):
                    code, out, err = place.run(*words)
                    self.assertIn(code, (1, 2), (words, out))
                    self.assertIn("carapace: ", err)
            self.assertEqual(place.text(), "{}")

    def test_a_damaged_history_is_told_and_passed_over(self):
        with Place("{}") as place:
            self.ok(place, "set", "gateway.port", "18790")
            self.ok(place, "set", "gateway.port", "18791")
            folder = os.path.join(place.state, "config-history")
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and "key" not in name:
                    with open(path, "r+b") as file:
                        file.truncate(10)
            code, out, err = place.run("history")
            self.assertEqual(code, 0)
            self.assertIn("warning", err)
            self.ok(place, "set", "gateway.port", "18792")

    def test_a_lock_that_somebody_holds(self):
        import fcntl
        with Place("{}") as place:
            with open(place.file + ".lock", "w", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                begun = time.monotonic()
                code, _, err = place.run("set", "gateway.port", "18790", limit=30)
                self.assertEqual(code, 1, err)
                self.assertGreater(time.monotonic() - begun, 5)
                self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18789")


if __name__ == "__main__":
    main()
