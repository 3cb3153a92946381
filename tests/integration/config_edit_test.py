#!/usr/bin/env python3
"""`carapace config` with somebody at a terminal: editors, and secrets that are asked for."""

import os
import pty
import re
import select
import signal
import stat
import sys
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.config_place import Case, KEY, Place, SECRET  # noqa: E402
from support.run import main  # noqa: E402


class Asked(Case):
    """In a terminal."""

    def terminal(self, place, *words, **environment):
        pid, file = pty.fork()
        if pid == 0:
            command = place.command(*words)
            os.execve(command[0], command, {**place.environment, "TERM": "xterm", **environment})
        return pid, file

    def until(self, file, word, limit=15.0):
        seen, end = "", time.monotonic() + limit
        while word not in seen:
            self.assertLess(time.monotonic(), end, f"waited for {word!r}: {seen!r}")
            if select.select([file], [], [], 0.1)[0]:
                try:
                    data = os.read(file, 4096)
                except OSError:
                    break
                if not data:
                    break
                seen += data.decode("utf-8", "replace")
        return seen

    def rest(self, pid, file):
        seen = self.until(file, "\0\0")
        return seen, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_a_secret_is_asked_for_without_echo(self):
        for words in (("set", KEY), ("set", KEY, "-")):
            with Place("{}") as place:
                pid, file = self.terminal(place, *words)
                seen = self.until(file, KEY + ": ")
                os.write(file, SECRET.encode() + b"\n")
                more, code = self.rest(pid, file)
                self.assertEqual(code, 0, more)
                self.assertNotIn("planted", seen + more)
                self.assertIn(SECRET, place.text())

    def test_who_is_asked_can_leave_and_gets_the_terminal_back(self):
        with Place("{}") as place:
            for end in (b"\x03", b"half\x03"):
                pid, file = self.terminal(place, "set", KEY)
                self.until(file, KEY + ": ")
                self.assertFalse(termios.tcgetattr(file)[3] & termios.ECHO)
                os.write(file, end)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                self.assertEqual(code, -signal.SIGINT)
                self.assertTrue(termios.tcgetattr(file)[3] & termios.ECHO)
                os.close(file)
            self.assertEqual(place.text(), "{}")

    def test_an_invalid_edit_can_be_mended_at_once(self):
        with Place("{}") as place:
            script = place.path("editor")
            place.write(script, "#!/bin/sh\nif [ -e '%s' ]; then echo '{gateway: {port: 18790}}' > \"$1\"; else echo '{gateway: {port: 0x}}' > \"$1\"; touch '%s'; fi\n"
                        % (place.path("once"), place.path("once")))
            os.chmod(script, 0o700)
            pid, file = self.terminal(place, "edit", EDITOR=script)
            self.until(file, "again")
            os.write(file, b"y\n")
            seen, code = self.rest(pid, file)
            self.assertEqual(code, 0, seen)
            self.assertIn("18790", place.text())


class Edit(Case):
    def editor(self, place, body, name="editor"):
        script = place.path(name)
        place.write(script, "#!/bin/sh\n" + body + "\n")
        os.chmod(script, 0o700)
        return {"EDITOR": script}

    def test_a_valid_change_is_saved(self):
        with Place("{ // note\n  gateway: {port: 18790},\n}\n") as place:
            environment = self.editor(place, 'stat -c "%a" "$1" > seen; stat -c "%a" "$(dirname "$1")" >> seen; sed -i s/18790/18791/ "$1"')
            out = self.ok(place, "edit", environment=environment)
            self.assertIn("saved", out)
            self.assertEqual(place.text(), "{ // note\n  gateway: {port: 18791},\n}\n")
            self.assertEqual(place.text(place.path("seen")).split(), ["600", "700"])
            self.assertEqual(os.listdir(os.path.join(place.state, "edit")), [])

    def test_visual_comes_first_and_words_are_split_without_a_shell(self):
        with Place("{}") as place:
            self.editor(place, 'echo "$#:$1:$2" > seen; echo "{gateway: {port: 18792}}" > "$3"', "my editor")
            self.ok(place, "edit", environment={"EDITOR": "false", "VISUAL": f"'{place.path('my editor')}' --wait '$HOME;x'"})
            self.assertEqual(place.text(place.path("seen")).strip(), "3:--wait:$HOME;x")
            self.refused(place, "edit", environment={"EDITOR": "'open"}, says="quote")

    def test_nothing_changed(self):
        with Place("{}") as place:
            self.assertIn("Nothing changed", self.ok(place, "edit", environment={"EDITOR": "true"}))
            self.assertEqual(place.json("edit", environment={"EDITOR": "true"})[1]["changed"], False)

    def test_an_editor_that_fails_is_missing_or_deletes_the_copy(self):
        with Place("{}") as place:
            self.refused(place, "edit", environment={"EDITOR": "false"}, says="ended with 1")
            self.refused(place, "edit", environment={"EDITOR": place.path("none")}, says="EDITOR")
            self.refused(place, "edit", environment=self.editor(place, 'rm "$1"'), says="nothing was changed")
            self.refused(place, "edit", environment=self.editor(place, 'kill -9 $$'), says="signal 9")
            err = self.refused(place, "edit", environment=self.editor(place, 'rm "$1"; mkfifo "$1"'))
            self.assertIn("nothing was changed", err)
            err = self.refused(place, "edit", environment=self.editor(place, 'printf "{a\\0b" > "$1"'))
            self.assertEqual(place.text(), "{}")

    def test_an_edit_that_was_kept_goes_on(self):
        with Place("{gateway: {port: 18790}}") as place:
            self.refused(place, "edit", environment=self.editor(place, "echo \"{gateway: {port: 'x'}} // draft\" > \"$1\""))
            (folder,) = os.listdir(os.path.join(place.state, "edit"))
            copy = os.path.join(place.state, "edit", folder, os.path.basename(place.file))
            self.ok(place, "edit", copy, environment=self.editor(place, "sed -i \"s/'x'/18791/\" \"$1\""))
            self.assertEqual(place.text(), "{gateway: {port: 18791}} // draft\n")
            self.assertEqual(os.listdir(os.path.join(place.state, "edit")), [])
            other = place.path("other.json5")
            place.write(other, "{gateway: {port: 18792}}")
            self.ok(place, "edit", other, environment={"EDITOR": "true"})
            self.assertEqual((place.text().strip(), place.text(other)), ("{gateway: {port: 18792}}", "{gateway: {port: 18792}}"))
            self.refused(place, "edit", place.path("none"), says="does not exist")

    def test_an_emptied_copy_changes_nothing(self):
        with Place("{gateway: {port: 18790}}") as place:
            self.refused(place, "edit", environment=self.editor(place, ': > "$1"'), says="no configuration")
            self.assertEqual(place.text(), "{gateway: {port: 18790}}")

    def test_a_broken_edit_is_kept_and_its_place_told(self):
        with Place("{gateway: {port: 18790}}") as place:
            for broken, says in (("{gateway: {port: 70000}}", "gateway.port"), ("{gateway: ", ""), ("[]", ""),
                                 ("{gatway: {port: 1}}", "gatway")):
                place.write(place.path("new"), broken)
                err = self.refused(place, "edit", environment=self.editor(place, 'cp new "$1"'), says=says)
                copy = re.search(r"your copy is (\S+)", err).group(1)
                self.assertEqual(place.text(copy), broken)
                self.assertEqual(stat.S_IMODE(os.stat(copy).st_mode), 0o600)
                self.assertEqual(place.text(), "{gateway: {port: 18790}}")

    def test_somebody_else_changed_the_file_meanwhile(self):
        with Place("{}") as place:
            environment = self.editor(place, f'echo "{{gateway: {{port: 1}}}}" > {place.file}; echo "{{gateway: {{port: 2}}}}" > "$1"')
            err = self.refused(place, "edit", environment=environment, says="meanwhile")
            self.assertIn("port: 2", place.text(re.search(r"your copy is (\S+)", err).group(1)))
            self.assertIn("port: 1", place.text())

    def test_a_file_that_does_not_parse_can_be_mended(self):
        with Place("{gateway: {port: }") as place:
            self.ok(place, "edit", environment=self.editor(place, 'echo "{gateway: {port: 18791}}" > "$1"'))
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18791")

    def test_includes_are_checked_from_the_place_of_the_file(self):
        with Place("{}") as place:
            place.write(place.path("part.json5"), "{port: 18799}")
            self.ok(place, "edit", environment=self.editor(place, 'echo "{gateway: {\\$include: \\"./part.json5\\"}}" > "$1"'))
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18799")


if __name__ == "__main__":
    main()
