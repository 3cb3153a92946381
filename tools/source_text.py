"""What the checks share: reading source text without being fooled by it.

`blank` replaces comments (and, when asked, the inside of literals) with spaces. Every
character keeps its line and column, so a finding can be printed as file:line.
It is a scanner, not a parser: it knows comments, strings, raw strings, character
literals and digit separators, and nothing about grammar.
"""

import os
import re
import subprocess

CXX = (".cc", ".h", ".def", ".inc")
SKIPPED_FOLDERS = {"node_modules", "dist", "build", "__pycache__", ".git", ".cache", "corpus"}

_RAW_OPEN = re.compile(r'(?:u8|u|U|L)?R"([^()\\\s]{0,16})\(')
_IDENT = re.compile(r"[A-Za-z0-9_]")
_SPACE_OUT = re.compile(r"[^\n]")


def _spaces(text):
    return _SPACE_OUT.sub(" ", text)


def _closing(text, start, quote):
    """Index just behind the literal that opens at `start`; stops at a line end for ' and "."""
    i = start + 1
    while i < len(text):
        c = text[i]
        if c == "\\":
            i += 2
            continue
        if c == quote:
            return i + 1
        if c == "\n" and quote != "`":
            return i
        i += 1
    return len(text)


def blank(text, keep_strings=False, script=False):
    """`text` without comments. `script` means TypeScript: back-quoted strings, no raw strings."""
    out = []
    i = 0
    while i < len(text):
        c = text[i]
        if text.startswith("//", i):
            end = i
            while True:
                end = text.find("\n", end)
                if end < 0:
                    end = len(text)
                    break
                if text[end - 1] == "\\" and not script:
                    end += 1
                    continue
                break
            out.append(_spaces(text[i:end]))
            i = end
            continue
        if text.startswith("/*", i):
            end = text.find("*/", i + 2)
            end = len(text) if end < 0 else end + 2
            out.append(_spaces(text[i:end]))
            i = end
            continue
        previous_is_word = i > 0 and _IDENT.match(text[i - 1])
        if not script and c in "RuUL" and not previous_is_word:
            raw = _RAW_OPEN.match(text, i)
            if raw:
                close = ")" + raw.group(1) + '"'
                end = text.find(close, raw.end())
                end = len(text) if end < 0 else end + len(close)
                out.append(text[i:end] if keep_strings else '"' + _spaces(text[i + 1 : end - 1]) + '"')
                i = end
                continue
        if c == "'" and not script and previous_is_word and _is_separator(text, i):
            out.append(c)
            i += 1
            continue
        if c in "\"'" or (script and c == "`"):
            end = _closing(text, i, c)
            literal = text[i:end]
            if keep_strings or len(literal) < 2:
                out.append(literal)
            else:
                out.append(c + _spaces(literal[1:-1]) + literal[-1])
            i = end
            continue
        out.append(c)
        i += 1
    return "".join(out)


def _is_separator(text, i):
    """True for the quote of 1'000'000, false for the one of u8'x'."""
    start = i
    while start > 0 and (_IDENT.match(text[start - 1]) or text[start - 1] in "'."):
        start -= 1
    return text[start].isdigit()


def walk(root, folder, endings):
    """Paths below root/folder, relative to root, with '/' and sorted."""
    found = []
    for here, folders, files in os.walk(os.path.join(root, folder)):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        for name in files:
            if name.endswith(endings):
                found.append(os.path.relpath(os.path.join(here, name), root).replace(os.sep, "/"))
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as handle:
        return handle.read()


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def entries(text):
    """The lines of a list file as (line number, line without comment, reason)."""
    for number, raw in enumerate(text.splitlines(), 1):
        body, _, reason = raw.partition("#")
        if body.strip():
            yield number, body.strip(), reason.strip()


def earlier_version(root, path):
    """The text of `path` in the commit before the present state; None when there is none.

    With uncommitted changes that is HEAD, otherwise the parent of HEAD.
    """

    def show(revision):
        done = subprocess.run(
            ["git", "-C", root, "show", f"{revision}:./{path}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None

    try:
        committed = show("HEAD")
        if committed is not None and committed != read(root, path):
            return committed
        return show("HEAD^")
    except OSError:
        return None


def growth(root, path):
    """A sentence when the list file `path` has grown since the last commit, else None."""
    earlier = earlier_version(root, path)
    if earlier is None:
        return None
    before = len(list(entries(earlier)))
    now = len(list(entries(read(root, path))))
    if now <= before:
        return None
    return f"{path}: {now} entries, {before} before: this file may only shrink; mend the code instead"
