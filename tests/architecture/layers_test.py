"""tools/check_layers sees what it is there to see: each test plants one mistake."""

import subprocess
import sys
import unittest

from planted import LAYERS, ROOT, Tree


class Layers(unittest.TestCase):
    def verdict(self, files, layers=LAYERS):
        with Tree(files, layers) as tree:
            return tree.run("check_layers")

    def assert_found(self, path, text, *needles):
        status, printed = self.verdict({path: text})
        self.assertEqual(status, 1, printed)
        for needle in needles:
            self.assertIn(needle, printed)

    def assert_clean(self, files):
        status, printed = self.verdict(files)
        self.assertEqual(status, 0, printed)

    def test_this_repository_is_clean(self):
        done = subprocess.run([sys.executable, f"{ROOT}/tools/check_layers"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_own_and_lower_floors_are_seen(self):
        self.assert_clean({
            "src/agent/turn.cc": '#include "agent/turn.h"\n#include "base/error.h"\n#include "store/rows.h"\n',
            "src/agent/turn.h": '#pragma once\n#include <string>\n#include "domain/peer.h"\n',
        })

    def test_upward_include(self):
        self.assert_found("src/store/engine.cc", '#include "base/error.h"\n#include "agent/turn.h"\n',
                          "src/store/engine.cc:2", "above it")

    def test_upward_include_without_a_folder_of_its_own(self):
        self.assert_found("src/base/error.cc", '#include "app/run.h"\n', "src/base/error.cc:1", "floor 10")

    def test_sideways_include(self):
        self.assert_found("src/store/engine.cc", '#include "net/stream.h"\n', "src/store/engine.cc:1", "both stand on floor 2")

    def test_sideways_include_in_angle_brackets(self):
        status, printed = self.verdict({"src/net/stream.h": "", "src/store/engine.cc": "#include <net/stream.h>\n"})
        self.assertEqual(status, 1, printed)
        self.assertIn("both stand on floor 2", printed)

    def test_include_of_something_computed(self):
        self.assert_found("src/store/engine.cc", "#define HEADER <net/stream.h>\n#include HEADER\n",
                          "src/store/engine.cc:2", "no plain path")

    def test_what_headers_do_not_bring(self):
        for included in ("base/json.h", "async/coro.h"):
            with self.subTest(included=included):
                self.assert_found("src/agent/turn.h", f'#include "{included}"\n', "src/agent/turn.h:1", "above floor 2")
                self.assert_clean({"src/agent/turn.cc": f'#include "{included}"\n', "src/net/a.h": f'#include "{included}"\n'})

    def test_names_that_say_nothing(self):
        for name in ("turn_helper.cc", "utils.h", "manager.cc", "turn_v2.cc", "legacy_turn.cc"):
            with self.subTest(name=name):
                self.assert_found(f"src/agent/{name}", "int a;\n", f"src/agent/{name}:1", "says nothing")
        self.assert_clean({"src/agent/newline.cc": "", "src/agent/commons.cc": ""})

    def test_climbing_include(self):
        self.assert_found("src/store/engine.cc", '#include "../agent/turn.h"\n', "climbs")

    def test_include_in_a_comment_does_not_count(self):
        self.assert_clean({"src/base/a.cc": '// #include "app/run.h"\n/*\n#include "app/run.h"\n*/\n'})

    def test_folder_without_a_floor(self):
        self.assert_found("src/helpers/a.cc", "int a;\n", "'helpers' is no module")

    def test_file_outside_a_module(self):
        self.assert_found("src/main.cc", "int main() {}\n", "no module of src/LAYERS")

    def test_include_fences(self):
        for path, header in (
            ("src/agent/a.cc", "boost/asio/post.hpp"),
            ("src/store/a.cc", "boost/asio.hpp"),
            ("src/async/a.cc", "boost/beast/http.hpp"),
            ("src/net/a.cc", "boost/json.hpp"),
            ("src/net/a.cc", "boost/json/src.hpp"),
            ("src/agent/a.cc", "sqlite3.h"),
            ("src/secret/a.cc", "curl/curl.h"),
            ("src/secret/a.cc", "openssl/ssl.h"),
            ("src/store/a.cc", "openssl/evp.h"),
            ("src/app/a.cc", "gtest/gtest.h"),
            ("src/secret/a.cc", "openssl/tls1.h"),
            ("src/agent/a.cc", "sys/socket.h"),
            ("src/base/a.cc", "netdb.h"),
            ("src/app/a.cc", "spawn.h"),
            ("src/net/a.cc", "linux/landlock.h"),
            ("src/net/a.cc", "libpq-fe.h"),
        ):
            with self.subTest(path=path, header=header):
                self.assert_found(path, f"\n#  include <{header}>\n", f"{path}:2", header)

    # Nothing that an agent reaches writes configuration: the writer is seen from app/ alone.
    def test_the_writer_of_configuration_is_apart(self):
        writer = {"src/config/write/writer.h": "#pragma once\n"}
        for path, include in (("src/agent/a.cc", '"config/write/writer.h"'), ("src/gateway/a.cc", '"config/write/writer.h"'),
                              ("src/extensions/a.cc", '"config/write/writer.h"'), ("src/config/a.cc", '"config/write/writer.h"'),
                              ("src/config/b.cc", '"write/writer.h"'), ("src/gateway/b.cc", '"config//write/writer.h"')):
            with self.subTest(path=path):
                status, printed = self.verdict({**writer, path: f"\n#include {include}\n"})
                self.assertEqual(status, 1, printed)
                self.assertIn(f"{path}:2", printed)
        self.assert_clean({**writer, "src/config/write/writer.cc": '#include "config/write/writer.h"\n',
                           "src/app/desk.cc": '#include "config/write/writer.h"\n'})

    def test_fenced_headers_at_home(self):
        self.assert_clean({
            "src/async/a.cc": "#include <boost/asio/post.hpp>\n",
            "src/net/a.cc": "#include <boost/beast/http.hpp>\n#include <curl/curl.h>\n#include <openssl/ssl.h>\n",
            "src/store/a.cc": "#include <sqlite3.h>\n",
            "src/secret/a.cc": "#include <openssl/evp.h>\n",
            "src/base/json.h": "#include <boost/json/value.hpp>\n",
        })

    def test_call_fences(self):
        for call in ("fork()", "::fork()", "vfork()", "execve(a, b, c)", "execvp(a, b)", "execl(a, b)",
                     "posix_spawn(a)", "popen(a, b)", "system(a)", "std::system(a)", "clone(f, s, 0, a)", "syscall(SYS_fork)"):
            with self.subTest(call=call):
                self.assert_found("src/agent/a.cc", f"void f() {{\n  {call};\n}}\n", "src/agent/a.cc:2", "process/")
        for call in ("getenv(a)", "std::getenv(a)", "::environ", "setenv(a, b, 1)"):
            with self.subTest(call=call):
                self.assert_found("src/net/a.cc", f"auto x = {call};\n", "src/net/a.cc:1", "app/, config/")

    def test_words_that_only_look_like_calls(self):
        self.assert_clean({
            "src/agent/a.cc": 'auto a = lane.fork();\nauto b = p->system(1);\nboost::system::error_code c;\n'
                              '// fork() and getenv()\nauto d = "fork() system() getenv()";\nauto e = R"(popen())";\n',
            "src/process/a.cc": "auto a = fork();\n",
            "src/config/a.cc": "auto a = getenv(n);\n",
        })

    def test_detached_work_and_locks(self):
        self.assert_found("src/net/a.cc", "co_spawn(e, f(), asio::detached);\n", "TaskGroup")
        self.assert_found("src/agent/a.cc", "std::mutex m;\n", "above floor 2")
        self.assert_clean({"src/store/a.cc": "std::mutex m;\n"})

    def test_capturing_coroutines(self):
        for code in ("auto f = [this](int a) -> Task<void> {", "g.spawn([&, x = h(1)](F<void()> f) mutable -> carapace::Task<int> {",
                     "[x] -> Task<void> {"):
            with self.subTest(code=code):
                self.assert_found("src/agent/a.cc", f"{code}\n", "src/agent/a.cc:1", "capturing lambda")
        self.assert_clean({"src/agent/a.cc": "auto f = [](int a) -> Task<void> {};\nauto g = [x](int a) { return h(a); };\n"
                                             "auto b = rows[1]; Task<int> c();\n"})

    def test_vendor_names(self):
        for code in ('auto a = "anthropic";', "class AnthropicStream;", "void make_openai();", "int kSlackLimit = 1;",
                     'auto a = "OPENAI_API_KEY";', 'auto a = "https://api.telegram.org";', "auto a = 'x'; Gemini g;",
                     'auto a = "together";', "together_row r;", '#include "extensions_of_ollama.h"'):
            with self.subTest(code=code):
                self.assert_found("src/agent/a.cc", f"\n{code}\n", "src/agent/a.cc:2", "names the vendor")

    def test_vendor_in_a_file_name(self):
        self.assert_found("src/agent/discord.cc", "int a;\n", "src/agent/discord.cc:1", "'discord'")

    def test_vendor_in_the_browser_app(self):
        status, printed = self.verdict({"src/base/a.cc": "", "ui/src/a.ts": "const a = `claude`; // claude\n"})
        self.assertEqual(status, 1, printed)
        self.assertIn("ui/src/a.ts:1", printed)

    def test_where_vendors_are_welcome(self):
        self.assert_clean({
            "src/extensions/providers/anthropic.cc": "class AnthropicStream {};\n",
            "src/agent/a.cc": '// as anthropic does\nauto a = "put together by hand"; auto b = "a gemini of two";\n',
        })

    def test_an_allowance(self):
        route = {"src/gateway/routes/openai_chat.cc": "void openai_chat();\n"}
        self.assert_clean({**route, "tools/vendor_allow.txt": "src/gateway/routes/openai* openai  # wire format\n"})
        status, printed = self.verdict({**route, "tools/vendor_allow.txt": "src/gateway/routes/openai* openai\n"})
        self.assertEqual(status, 1, "an allowance without a reason: " + printed)

    def test_an_allowance_nobody_uses(self):
        status, printed = self.verdict({"src/agent/a.cc": "", "tools/vendor_allow.txt": "src/agent/* openai  # why\n"})
        self.assertEqual(status, 1, printed)
        self.assertIn("no longer says", printed)

    def test_allowances_only_shrink(self):
        files = {"src/agent/a.cc": "int openai, ollama;\n", "tools/vendor_allow.txt": "src/agent/a.cc openai  # why\n"}
        with Tree(files) as tree:
            tree.commit()
            tree.write("tools/vendor_allow.txt", "src/agent/a.cc openai  # why\nsrc/agent/a.cc ollama  # why\n")
            status, printed = tree.run("check_layers")
            self.assertEqual(status, 1, printed)
            self.assertIn("may only shrink", printed)
            tree.commit()
            self.assertEqual(tree.run("check_layers")[0], 1, "seen after the commit too")

    def test_empty_scan_fails(self):
        status, printed = self.verdict({})
        self.assertEqual(status, 2)
        self.assertIn("nothing was scanned", printed)
        status, printed = self.verdict({"src/base/a.cc": "int a;\n"}, layers=None)
        self.assertNotEqual(status, 0, "sources without src/LAYERS")

    def test_broken_layers_file(self):
        status, printed = self.verdict({"src/base/a.cc": ""}, layers="0 base\nbase two\n1 base\n")
        self.assertEqual(status, 1, printed)
        self.assertIn("src/LAYERS:2", printed)
        self.assertIn("src/LAYERS:3", printed)


if __name__ == "__main__":
    unittest.main()
