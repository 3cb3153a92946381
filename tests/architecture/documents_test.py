"""The documents speak of this tree: what they name is there, and the table of floors is src/LAYERS."""

import glob
import os
import re
import subprocess
import unittest

from planted import ROOT

PAGES = sorted(os.path.relpath(path, ROOT) for path in
               [*glob.glob(f"{ROOT}/*.md"), *glob.glob(f"{ROOT}/docs/*.md"), *glob.glob(f"{ROOT}/tests/**/README.md")])


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as handle:
        return handle.read()


def missing_paths(page):
    """Files of code that `page` names in back-quotes and that are nowhere; <…> and * stand for anything."""
    for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:cc|h|py|sh|def|json5?|in|txt))`", text_of(page)):
        if name.startswith(("build/", "logs/")):
            continue
        beside = os.path.join(os.path.dirname(page), name)
        if not any(os.path.exists(os.path.join(ROOT, path)) for path in (name, f"src/{name}", f"tests/{name}", beside)):
            yield name


class Documents(unittest.TestCase):
    def test_files_that_they_name_are_there(self):
        self.assertGreater(len(PAGES), 10)
        named = 0
        for page in PAGES:
            named += len(re.findall(r"`[\w/.-]+/[\w.-]+\.(?:cc|h)`", text_of(page)))
            with self.subTest(page=page):
                self.assertEqual(list(missing_paths(page)), [])
        self.assertGreater(named, 20, "the pages name no files: is the pattern still right?")

    def test_links_lead_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text_of(page)):
                if "://" not in target:
                    with self.subTest(page=page, target=target):
                        self.assertTrue(os.path.exists(os.path.join(ROOT, os.path.dirname(page), target)))

    def test_floors_are_those_of_the_layers_file(self):
        rows = re.findall(r"^\| (\d+) \| `(\w+)/` \|", text_of("docs/ARCHITECTURE.md"), re.MULTILINE)
        layers = [tuple(line.split()) for line in text_of("src/LAYERS").splitlines() if line[:1].isdigit()]
        self.assertEqual(sorted(rows), sorted(layers))

    def test_verbs_that_they_name_are_verbs(self):
        usage = subprocess.run([f"{ROOT}/scripts/dev", "help"], stdout=subprocess.PIPE, check=True, text=True).stdout
        verbs = set(re.findall(r"\S+", usage))
        for page in PAGES:
            for verb in re.findall(r"scripts/dev ([a-z-]+)", text_of(page)):
                with self.subTest(page=page, verb=verb):
                    self.assertIn(verb, verbs)

    def test_the_glossary_is_in_order(self):
        words = re.findall(r"^\| ([^|]+?) \|", text_of("docs/GLOSSARY.md"), re.MULTILINE)[1:]
        words = [word for word in words if not set(word) <= set("- ")]
        self.assertGreater(len(words), 20)
        self.assertEqual(words, sorted(words, key=str.lower))
        self.assertEqual(len(words), len(set(words)))


if __name__ == "__main__":
    unittest.main()
