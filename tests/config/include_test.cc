// `$include`: the table of the infrastructure specification, H.2, and what hostile or careless
// files can do to a reader.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/json.h"
#include "config/read/document.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::TempDir;
using test::write_text;

class Include : public ::testing::Test {
 protected:
  void put(const std::string& name, std::string_view text) {
    const auto path = std::filesystem::path(dir_ / name);
    std::filesystem::create_directories(path.parent_path());
    write_text(path.string(), std::string(text));
  }
  Document read(std::string_view main, ReadRules rules = {}) {
    put("c/main.json5", main);
    return read_document(file(), rules);
  }
  std::string tree(std::string_view main) {
    const auto document = read(main);
    return document.problem ? "problem: " + to_error(*document.problem).detail
                            : dump_json(document.tree());
  }
  ReadProblem problem(std::string_view main, ReadRules rules = {}) {
    const auto document = read(main, std::move(rules));
    EXPECT_TRUE(document.problem) << "no problem: " << dump_json(document.tree());
    EXPECT_EQ(dump_json(document.tree()), "{}") << "nothing half read";
    return document.problem.value_or(ReadProblem{});
  }
  std::string file() const { return dir_ / "c/main.json5"; }
  std::string place(const std::string& name, const std::string& at) const {
    return dir_ / name + ":" + at;
  }

  TempDir dir_;
};

TEST_F(Include, WithoutDirectiveNothingChanges) {
  EXPECT_EQ(tree("{a: 1, b: [1, {c: null}], d: 'x'}"), R"({"a":1,"b":[1,{"c":null}],"d":"x"})");
  EXPECT_EQ(tree("[1]"), "[1]");
  EXPECT_EQ(tree("  \n"), "{}");
  EXPECT_EQ(tree("{$includes: 'a', 'a$include': 'b'}"), R"({"$includes":"a","a$include":"b"})");
}

TEST_F(Include, ReplacesMergesAndNests) {
  put("c/a.json5", "{list: [], /* JSON5 */ x: {p: 1, l: [1]}}");
  put("c/b.json5", "{x: {q: 2, l: [2]}}");
  EXPECT_EQ(tree("{agents: {$include: './a.json5'}}"),
            R"({"agents":{"list":[],"x":{"p":1,"l":[1]}}})");
  EXPECT_EQ(tree("{$include: 'b.json5'}"), R"({"x":{"q":2,"l":[2]}})");
  EXPECT_EQ(tree("{$include: ['a.json5', 'b.json5']}"),
            R"({"list":[],"x":{"p":1,"l":[1,2],"q":2}})");
  EXPECT_EQ(tree("{$include: []}"), "{}");
  EXPECT_EQ(tree("{x: {l: [3], q: 9, r: {s: 1}}, $include: 'b.json5'}"),
            R"({"x":{"q":9,"l":[2,3],"r":{"s":1}}})")
      << "keys beside it win, lists follow one another";
  EXPECT_EQ(tree("{x: 5, $include: ['b.json5']}"), R"({"x":5})");
  EXPECT_EQ(tree("{x: null, $include: 'b.json5'}"), R"({"x":null})") << "null is a value";
  EXPECT_EQ(tree("{l: [{$include: 'b.json5'}, [{$include: 'b.json5', x: 0}]]}"),
            R"({"l":[{"x":{"q":2,"l":[2]}},[{"x":0}]]})");
  EXPECT_EQ(tree("{$include: 'b.json5', y: {$include: 'a.json5'}}"),
            R"({"x":{"q":2,"l":[2]},"y":{"list":[],"x":{"p":1,"l":[1]}}})")
      << "keys beside it include too";
}

TEST_F(Include, AnyValueAloneAnObjectAmongKeys) {
  for (const auto* text : {"[1,2]", "\"text\"", "7", "null", "true"}) {
    put("c/v.json5", text);
    EXPECT_EQ(tree("{v: {$include: 'v.json5'}}"), fmt::format(R"({{"v":{}}})", text));
    const auto wrong = problem("{\n  v: {$include: 'v.json5', k: 1}}");
    EXPECT_EQ(wrong.failure, ReadFailure::include_must_be_object);
    EXPECT_EQ(name_of(wrong.failure), "IncludeMustBeObject");
    EXPECT_EQ(wrong.path, "v");
    EXPECT_EQ(to_text(wrong.at), file() + ":2:17");
  }
  put("c/l.json5", "[3]");
  put("c/v.json5", "[1,2]");
  EXPECT_EQ(tree("{v: {$include: ['v.json5', 'l.json5']}}"), R"({"v":[1,2,3]})");
  put("c/blank.json5", "");
  EXPECT_EQ(tree("{v: {$include: 'blank.json5'}}"), R"({"v":{}})");
}

TEST_F(Include, RelativeToTheFileThatHoldsIt) {
  put("c/sub/one.json5", "{$include: './deep/two.json5', one: 1}");
  put("c/sub/deep/two.json5", "{$include: '../../three.json5', two: 2}");
  put("c/three.json5", "{three: 3}");
  EXPECT_EQ(tree("{$include: 'sub/one.json5'}"), R"({"three":3,"two":2,"one":1})");
  EXPECT_EQ(tree(fmt::format("{{$include: '{}'}}", dir_ / "c/three.json5")), R"({"three":3})");
  EXPECT_EQ(tree("{$include: '../c/./sub/../three.json5'}"), R"({"three":3})");
}

TEST_F(Include, DirectivesOfAnotherType) {
  put("c/a.json5", "{}");
  for (const auto* wrong : {"123", "['a.json5', 456]", "null", "true", "[null]", "{}", "''",
                            "[['a.json5']]", R"('a\0b')"}) {
    const auto found = problem(fmt::format("{{x: {{y: [0, {{$include: {}}}]}}}}", wrong));
    EXPECT_EQ(found.failure, ReadFailure::invalid_include_directive) << wrong;
    EXPECT_EQ(found.path, "x.y[1]");
    EXPECT_EQ(found.at.line, 1U);
  }
}

TEST_F(Include, MissingAndBrokenFilesSayWhere) {
  const auto missing = problem("{\n  agents: {\n    $include: 'none.json5'}}");
  EXPECT_EQ(missing.failure, ReadFailure::include_not_found);
  EXPECT_EQ(missing.code, Errc::not_found);
  EXPECT_EQ(to_error(missing).detail,
            place("c/main.json5", "3:15: there is no file ") + (dir_ / "c/none.json5") + ".");
  put("c/bad.json5", "{\n  a: 1\n  b: 2\n}");
  const auto bad = problem("{$include: 'bad.json5'}");
  EXPECT_EQ(bad.failure, ReadFailure::parse_error);
  EXPECT_EQ(to_error(bad).detail,
            place("c/bad.json5", "3:3: expected ',' or '}', not 'b' (included at ") +
                place("c/main.json5", "1:12)."));
  // Whoever watches the files must see the broken one mended and the missing one made.
  const auto document = read("{$include: ['bad.json5']}");
  ASSERT_EQ(document.files.size(), 2U);
  EXPECT_EQ(document.files[1].path, dir_ / "c/bad.json5");
  EXPECT_EQ(read("{$include: 'none.json5'}").files.at(1).path, dir_ / "c/none.json5");
}

TEST_F(Include, CirclesAreJudgedPerChain) {
  put("c/a.json5", "{a: {$include: 'b.json5'}}");
  put("c/b.json5", "{b: {$include: 'a.json5'}}");
  const auto circle = problem("{$include: 'a.json5'}");
  EXPECT_EQ(circle.failure, ReadFailure::circular_include);
  EXPECT_NE(circle.what.find((dir_ / "c/a.json5") + " -> " + (dir_ / "c/b.json5") + " -> " +
                             (dir_ / "c/a.json5")),
            std::string::npos)
      << circle.what;
  EXPECT_EQ(to_text(circle.at), place("c/b.json5", "1:16"));
  EXPECT_EQ(problem("{$include: 'main.json5'}").failure, ReadFailure::circular_include);
  EXPECT_EQ(problem("{$include: './x/../main.json5'}").failure, ReadFailure::circular_include);
  ASSERT_EQ(::symlink("main.json5", (dir_ / "c/other.json5").c_str()), 0);
  EXPECT_EQ(problem("{$include: 'other.json5'}").failure, ReadFailure::circular_include)
      << "by another name";

  put("c/d.json5", "{d: 1}");
  put("c/b.json5", "{b: {$include: 'd.json5'}}");
  put("c/e.json5", "{e: {$include: 'd.json5'}}");
  EXPECT_EQ(tree("{$include: ['b.json5', 'e.json5', 'd.json5']}"),
            R"({"b":{"d":1},"e":{"d":1},"d":1})")
      << "the same file by two ways is no circle";
}

TEST_F(Include, TenLevelsAreEnough) {
  const auto chain = [&](int length) {
    for (int i = 1; i <= length; ++i)
      put(fmt::format("c/{}.json5", i),
          i == length ? "{end: true}" : fmt::format("{{$include: '{}.json5'}}", i + 1));
    return read("{$include: '1.json5'}");
  };
  EXPECT_EQ(dump_json(chain(10).tree()), R"({"end":true})");
  const auto deep = chain(11);
  ASSERT_TRUE(deep.problem);
  EXPECT_EQ(deep.problem->failure, ReadFailure::include_depth_exceeded);
  EXPECT_EQ(deep.problem->at.file, dir_ / "c/10.json5");
}

// What multiplies from file to file would fill the memory out of a few hundred bytes.
TEST_F(Include, FilesThatMultiply) {
  put("c/0.json5", "{x: 'lol'}");
  for (int i = 1; i < 10; ++i) {
    std::string text = "[";
    for (int k = 0; k < 10; ++k) text += fmt::format("{{$include: '{}.json5'}},", i - 1);
    put(fmt::format("c/{}.json5", i), text + "]");
  }
  const auto started = std::chrono::steady_clock::now();
  const auto many = problem("{laugh: {$include: '9.json5'}}");
  EXPECT_EQ(many.failure, ReadFailure::too_much);
  EXPECT_EQ(many.code, Errc::too_large);
  EXPECT_NE(many.what.find("1024 inclusions"), std::string::npos) << many.what;
  EXPECT_EQ(problem("{laugh: {$include: '9.json5'}}",
                    {.max_includes = 1'000'000, .max_total_bytes = 100'000})
                .failure,
            ReadFailure::too_much)
      << "bytes count as often as they are put in";
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));

  std::string list;
  for (int i = 0; i < 300; ++i) {
    put(fmt::format("c/f/{}.json5", i), "{}");
    list += fmt::format("'f/{}.json5',", i);
  }
  EXPECT_NE(problem("{$include: [" + list + "]}").what.find("256 files"), std::string::npos);
  put("c/big.json5", "{t: '" + std::string(3UL << 20U, 'x') + "'}");
  std::string bigs;
  for (int i = 0; i < 6; ++i) bigs += "{$include: 'big.json5'},";
  EXPECT_EQ(problem("[" + bigs + "]").failure, ReadFailure::too_much);
}

TEST_F(Include, DeepTreesOutOfShallowFiles) {
  std::string open;
  std::string close;
  for (int i = 0; i < 40; ++i) open += "[", close += "]";
  put("c/a.json5", open + close);
  put("c/b.json5", open + "{$include: 'a.json5'}" + close);
  const auto deep = problem("{$include: 'b.json5'}");
  EXPECT_EQ(deep.failure, ReadFailure::too_much);
  EXPECT_NE(deep.what.find("64 levels"), std::string::npos) << deep.what;
}

TEST_F(Include, StaysInTheFolderOfTheConfiguration) {
  put("out/x.json5", "{secret: 'out'}");
  put("c2/x.json5", "{secret: 'a folder whose name only begins the same'}");
  std::filesystem::create_directories(dir_ / "c/sub");
  ASSERT_EQ(::symlink((dir_ / "out/x.json5").c_str(), (dir_ / "c/link.json5").c_str()), 0);
  ASSERT_EQ(::symlink((dir_ / "out").c_str(), (dir_ / "c/way").c_str()), 0);
  for (const auto& name :
       {std::string("../out/x.json5"), dir_ / "out/x.json5", std::string("link.json5"),
        std::string("way/x.json5"), std::string("sub/../../out/x.json5"),
        std::string("../c2/x.json5"), std::string("/etc/passwd"), std::string("/dev/zero"),
        std::string("../out/none.json5"), std::string("way/none.json5")}) {
    const auto found = problem(fmt::format("{{$include: '{}'}}", name));
    EXPECT_EQ(found.failure, ReadFailure::include_outside_root) << name;
    EXPECT_EQ(found.code, Errc::forbidden);
    EXPECT_NE(found.what.find("CARAPACE_INCLUDE_ROOT"), std::string::npos) << found.what;
    EXPECT_EQ(found.what.find("secret"), std::string::npos);
  }
  const auto allowed = [&](const std::string& value, const std::string& name) {
    const auto rules =
        read_rules(Environment{{{"CARAPACE_INCLUDE_ROOT", value}, {"HOME", dir_.path()}}});
    const auto document = read(fmt::format("{{$include: '{}'}}", name), rules);
    return !document.problem;
  };
  EXPECT_TRUE(allowed(dir_ / "out", "../out/x.json5"));
  EXPECT_TRUE(allowed("/none::~/out", "link.json5"));
  EXPECT_TRUE(allowed(dir_ / "c/way", dir_ / "out/x.json5")) << "a root may be a link";
  EXPECT_TRUE(allowed("/", "../c2/x.json5"));
  EXPECT_FALSE(allowed(dir_ / "out", "../c2/x.json5"));
  EXPECT_FALSE(allowed("", "../out/x.json5"));
}

TEST_F(Include, HomeInANameIsFilledInAndVariablesAreNot) {
  put("c/sub/x.json5", "{from: 'home'}");
  const auto rules = read_rules(Environment{{{"HOME", dir_ / "c"}, {"PART", "sub"}}});
  EXPECT_EQ(dump_json(read("{$include: '~/sub/x.json5'}", rules).tree()), R"({"from":"home"})");
  const auto out = read("{$include: '~/../out/x.json5'}", rules);
  ASSERT_TRUE(out.problem);
  EXPECT_EQ(out.problem->failure, ReadFailure::include_outside_root);
  const auto variable = read("{$include: '${PART}/x.json5'}", rules);
  ASSERT_TRUE(variable.problem);
  EXPECT_EQ(variable.problem->failure, ReadFailure::include_not_found);
  EXPECT_TRUE(variable.problem->what.contains("not filled in")) << variable.problem->what;
}

TEST_F(Include, AFileThatIsKeptElsewhereAndLinked) {
  put("dots/real.json5", "{$include: 'part.json5'}");
  put("dots/part.json5", "{from: 'beside the file'}");
  std::filesystem::create_directories(dir_ / "c");
  ASSERT_EQ(::symlink("../dots/real.json5", file().c_str()), 0);
  const auto beside = read_document(file(), {});
  EXPECT_EQ(dump_json(beside.tree()), R"({"from":"beside the file"})")
      << (beside.problem ? beside.problem->what : "");
  ASSERT_EQ(::symlink("../dots/part.json5", (dir_ / "c/part.json5").c_str()), 0);
  EXPECT_FALSE(read_document(file(), {}).problem) << "each part linked";
  ::unlink((dir_ / "c/part.json5").c_str());
  write_text(dir_ / "c/part.json5", "{from: 'beside the link'}");
  EXPECT_EQ(dump_json(read_document(file(), {}).tree()), R"({"from":"beside the link"})");
}

TEST_F(Include, WhatIsNoRegularFile) {
  std::filesystem::create_directories(dir_ / "c/folder");
  ASSERT_EQ(::mkfifo((dir_ / "c/fifo").c_str(), 0600), 0);
  ASSERT_EQ(::symlink("loop", (dir_ / "c/loop").c_str()), 0);
  ASSERT_EQ(::symlink("none", (dir_ / "c/dangling").c_str()), 0);
  const int number = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (dir_ / "c/socket").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(number, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  put("c/sparse", "");
  ASSERT_EQ(::truncate((dir_ / "c/sparse").c_str(), 5L << 30), 0);
  put("c/over", "'" + std::string(4UL << 20U, 'x') + "'");
  put("c/latin", "{a: '\xe9'}");
  put("c/nul", std::string("{a: '\0'}", 8));
  const auto started = std::chrono::steady_clock::now();
  for (const auto* name : {"folder", "fifo", "loop", "socket", "sparse", "over", "folder/x/y",
                           "fifo/x", "dangling", "latin", "nul", ".", "..", "c/"}) {
    const auto found = problem(fmt::format("{{\n$include: '{}'}}", name));
    EXPECT_FALSE(found.what.empty());
    EXPECT_GT(found.at.line, 0U) << name;
    EXPECT_GT(found.at.column, 0U) << name;
  }
  EXPECT_EQ(problem("{$include: 'sparse'}").code, Errc::too_large);
  EXPECT_NE(problem("{$include: 'dangling'}").what.find("leads nowhere"), std::string::npos);
  EXPECT_EQ(problem("{$include: '/dev/zero'}", {.roots = {"/dev"}}).failure,
            ReadFailure::read_error);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
  ::close(number);
}

TEST_F(Include, ValuesKnowWhereTheyStand) {
  put("c/a.json5", "{\n  x: {p: 1,\n    l: ['a0', 'a1']}}");
  put("c/b.json5", "{x: {q: 2, l: ['b0']}}");
  const auto document =
      read("{\n  m: {$include: ['a.json5', 'b.json5'],\n    x: {q: 3,\n l: ['m0']}},\n}");
  const auto at = [&](std::string_view path) {
    return to_text(document.source(parse_key_path(path).value()));
  };
  EXPECT_EQ(at("m.x.p"), place("c/a.json5", "2:10"));
  EXPECT_EQ(at("m.x.q"), file() + ":3:12");
  EXPECT_EQ(at("m.x.l[1]"), place("c/a.json5", "3:15"));
  EXPECT_EQ(at("m.x.l[2]"), place("c/b.json5", "1:16"));
  EXPECT_EQ(at("m.x.l[3]"), file() + ":4:6");
  EXPECT_EQ(at("m.x.none"), at("m.x")) << "the nearest around it";
}

TEST_F(Include, RepeatedKeys) {
  const auto document = read("{a: 1, b: {c: 1,\n c: 2}, a: 3, '__proto__': {x: 1}, __proto__: 4}");
  EXPECT_EQ(dump_json(document.tree()), R"({"a":3,"b":{"c":2},"__proto__":4})");
  ASSERT_EQ(document.warnings.size(), 3U);
  EXPECT_EQ(document.warnings[0].severity, Severity::warning);
  EXPECT_TRUE(std::ranges::any_of(document.warnings, [&](const Issue& issue) {
    return issue.path == "b.c" && issue.message.find(file() + ":2:2") != std::string::npos;
  })) << document.warnings[0].path;
  EXPECT_EQ(to_text(document.source({"b", "c"})), file() + ":2:5") << "of the value that counts";

  put("c/once.json5", "{i: 1}");
  EXPECT_EQ(tree("{$include: 'none.json5', $include: 'once.json5'}"), R"({"i":1})");
}

TEST_F(Include, ManyKeysTakeNoQuadraticTime) {
  std::string text = "{";
  for (int i = 0; i < 150'000; ++i) text += fmt::format("k{}:{},", i, i);
  put("c/a.json5", text + "}");
  put("c/b.json5", text + "k1:'b'}");
  const auto started = std::chrono::steady_clock::now();
  const auto document = read("{$include: ['a.json5', 'b.json5'], k2: 'm'}");
  ASSERT_FALSE(document.problem) << document.problem->what;
  EXPECT_EQ(document.tree().as_object().size(), 150'000U);
  EXPECT_EQ(document.tree().at("k1"), "b");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(10));
}

TEST_F(Include, ATextInFrontOfTheDisk) {
  put("c/a.json5", "{a: 'disk'}");
  std::vector<std::string> asked;
  const auto reader = [&](const std::string& path) -> Result<std::string> {
    asked.push_back(path);
    if (path == file()) return "{$include: 'a.json5'}";
    if (path.ends_with("new.json5")) return "{n: 1}";
    return read_from_disk(path);
  };
  EXPECT_EQ(dump_json(read_document(file(), {}, reader).tree()), R"({"a":"disk"})");
  EXPECT_EQ(asked, (std::vector<std::string>{file(), dir_ / "c/a.json5"}));
  const auto missing = read_document(dir_ / "c/other.json5", {}, reader);
  EXPECT_FALSE(missing.exists);
  EXPECT_FALSE(missing.problem);
  EXPECT_EQ(missing.hash(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(Include, KeptTextsDoNotDependOnTheDisk) {
  put("out/x.json5", "{secret: 'out'}");
  std::filesystem::create_directories(dir_ / "c");
  ASSERT_EQ(::symlink((dir_ / "out/x.json5").c_str(), (dir_ / "c/link.json5").c_str()), 0);
  ASSERT_EQ(::symlink(file().c_str(), (dir_ / "c/back.json5").c_str()), 0);
  std::filesystem::create_directories(dir_ / "c/folder.json5");
  const std::map<std::string, std::string> kept{
      {file(), "{$include: ['link.json5', 'back.json5', 'folder.json5', 'gone/deep.json5']}"},
      {dir_ / "c/link.json5", "{a: 1}"},
      {dir_ / "c/back.json5", "{b: 2}"},
      {dir_ / "c/folder.json5", "{c: 3}"},
      {dir_ / "c/gone/deep.json5", "{d: {$include: '../link.json5'}}"}};
  const ReadText reader = [&kept](const std::string& path) -> Result<std::string> {
    const auto found = kept.find(path);
    if (found == kept.end()) return fail(Errc::not_found, "{} is not kept", path);
    return found->second;
  };
  const auto document = read_document(file(), {.kept = true}, reader);
  EXPECT_EQ(dump_json(document.tree()), R"({"a":1,"b":2,"c":3,"d":{"a":1}})")
      << (document.problem ? document.problem->what : "");
  EXPECT_TRUE(read_document(file(), {}, reader).problem)
      << "texts that are to be written are judged";
}

// Every edit writes the main file first. So an include that is newer than it was read in the middle
// of two edits, and such a set never lay there.
TEST_F(Include, ASetThatChangesMeanwhileIsOfOneMoment) {
  const auto replace = [this](const std::string& name, const std::string& text) {
    put(name + ".new", text);
    std::filesystem::rename(dir_ / name + ".new", dir_ / name);
  };
  std::string long_way = "{long: [0";
  for (int i = 0; i < 20'000; ++i) long_way += ", " + std::to_string(i);
  put("c/long.json5", long_way + "]}");
  const auto edit = [&](int number) {
    const auto text = std::to_string(number);
    replace("c/main.json5", "{first: " + text +
                                ", way: {$include: 'long.json5'}, last: {$include: "
                                "'last.json5'}}");
    replace("c/last.json5", text);
  };
  edit(0);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int number = 1; number <= 30; ++number) {
      edit(number);
      std::this_thread::sleep_for(std::chrono::milliseconds(40));
    }
    done = true;
  });
  while (!done) {
    const auto document = read_document(file(), {});
    if (document.problem) {
      EXPECT_EQ(document.problem->code, Errc::unavailable) << document.problem->what;
      continue;
    }
    const auto& tree = document.tree();
    EXPECT_GE(tree.at("first").as_int64(), tree.at("last").as_int64());
  }
  writer.join();
  const auto document = read_document(file(), {});
  ASSERT_FALSE(document.problem) << document.problem->what;
  EXPECT_EQ(document.tree().at("last"), 30);
}

TEST_F(Include, FilesAndHash) {
  put("c/a.json5", "{b: {$include: 'b.json5'}}");
  put("c/b.json5", "{}");
  const auto document = read("{$include: ['a.json5', 'b.json5']}");
  EXPECT_TRUE(document.exists);
  ASSERT_EQ(document.files.size(), 3U) << "each once";
  EXPECT_EQ(document.files[0].path, file());
  EXPECT_EQ(document.files[0].text, document.text);
  EXPECT_EQ(document.files[1].path, dir_ / "c/a.json5");
  EXPECT_EQ(document.files[2].path, dir_ / "c/b.json5");
  EXPECT_EQ(document.hash().size(), 64U);
}

}  // namespace
}  // namespace carapace::config
