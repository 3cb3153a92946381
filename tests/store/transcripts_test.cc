#include "store/transcripts.h"

#include "base/json.h"
#include "domain/message_json.h"
#include "store/rows/checksum.h"
#include "store_fixture.h"

namespace carapace::store {
namespace {

using TranscriptsTest = StoreTest;
using Texts = std::vector<std::string>;

const SessionId kSession{"s-1"};

TEST_F(TranscriptsTest, TailIsTheEndInOrder) {
  for (int i = 1; i <= 7; ++i)
    EXPECT_EQ(must(transcripts().append(kSession, says(Role::user, fmt::to_string(i)))), i);
  must(transcripts().append(SessionId("s-2"), says(Role::user, "other")));
  EXPECT_EQ(texts_of(must(transcripts().tail(kSession, 3))), (Texts{"5", "6", "7"}));
  EXPECT_EQ(must(transcripts().tail(kSession, 0)).size(), 7U);
  EXPECT_EQ(must(transcripts().tail(kSession, 3))[0].seq, 5);
  EXPECT_TRUE(must(transcripts().tail(SessionId("none"), 3)).empty());
}

TEST_F(TranscriptsTest, TailWhileReadsBackwardsUpToTheOneThatIsEnough) {
  for (int i = 1; i <= 7; ++i)
    must(transcripts().append(kSession, says(Role::user, fmt::to_string(i))));
  const auto until = [](std::string last) {
    return [last = std::move(last)](const Message& message) { return text_of(message) != last; };
  };
  const auto end = must(transcripts().tail_while(kSession, until("5")));
  EXPECT_EQ(texts_of(end), (Texts{"5", "6", "7"}));
  EXPECT_EQ(end[0].seq, 5);
  EXPECT_EQ(must(transcripts().tail_while(kSession, until("none"))).size(), 7U);
  EXPECT_TRUE(must(transcripts().tail_while(SessionId("none"), until("5"))).empty());
}

TEST_F(TranscriptsTest, EveryKindOfBlockComesBack) {
  Message question = says(Role::user, "look");
  question.blocks.emplace_back(ImageBlock{"image/jpeg", "QUJD"});
  question.label = {Integrity::untrusted, Confidentiality::open};
  question.principal = PrincipalId("ann");
  question.run = RunId("r");
  Message answer = says(Role::assistant, "well");
  answer.blocks.emplace_back(ThinkingBlock{"hm", "sig", false});
  answer.blocks.emplace_back(ToolCall{ToolCallId("c"), "t", R"({"a":1})"});
  answer.origin = Origin{"wire", "p", "m", {1, 2, 3, 4}, 250'000, StopReason::tool_use, ""};
  Message result;
  result.role = Role::tool;
  result.at_ms = 9;
  result.blocks.emplace_back(ToolResult{ToolCallId("c"), "t", "42", {}, true});
  for (const auto& message : {question, answer, result})
    must(transcripts().append(kSession, message));
  const auto stored = must(transcripts().tail(kSession, 0));
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(stored[0].message, question);
  EXPECT_EQ(stored[1].message, answer);
  EXPECT_EQ(stored[2].message, result);
}

TEST_F(TranscriptsTest, TheJsonIsTheSameAsTheCodecs) {
  const auto message = says(Role::user, "hello");
  must(transcripts().append(kSession, message));
  EXPECT_EQ(must(transcripts().tail_json(kSession, 10, 1'000'000)),
            Texts{dump_json(message_to_json(message))});
}

TEST_F(TranscriptsTest, JsonStopsBeforeTheByteLimit) {
  for (int i = 0; i < 5; ++i)
    must(transcripts().append(kSession, says(Role::user, std::string(100, 'x'))));
  const auto all = must(transcripts().tail_json(kSession, 0, 1'000'000));
  ASSERT_EQ(all.size(), 5U);
  const auto one = static_cast<std::int64_t>(all[0].size());
  EXPECT_EQ(must(transcripts().tail_json(kSession, 0, 3 * one)).size(), 3U);
  EXPECT_EQ(must(transcripts().tail_json(kSession, 0, 3 * one - 1)).size(), 2U);
  EXPECT_EQ(must(transcripts().tail_json(kSession, 1, 3 * one)).size(), 1U);
  EXPECT_TRUE(must(transcripts().tail_json(kSession, 0, one - 1)).empty());
}

TEST_F(TranscriptsTest, ADamagedRowIsAVisiblePlaceholderAndTheRestIsThere) {
  for (const auto* text : {"one", "two", "three"})
    must(transcripts().append(kSession, says(Role::user, text)));
  // Each column that means something is guarded, not only the words.
  for (const auto* change :
       {"body = replace(body, 'two', 'owt')", "role = 'assistant'", "integrity = 'paired'",
        "confidentiality = 'public'", "principal = 'eve'", "run_id = 'x'", "at_ms = 1"}) {
    must(execute("CREATE TABLE keep AS SELECT * FROM messages"));
    must(execute(fmt::format("UPDATE messages SET {} WHERE seq = 2", change)));
    const auto stored = must(transcripts().tail(kSession, 0));
    ASSERT_EQ(stored.size(), 3U) << change;
    EXPECT_EQ(stored[1].seq, 2);
    EXPECT_NE(text_of(stored[1].message).find("damaged"), std::string::npos) << change;
    EXPECT_EQ(text_of(stored[2].message), "three");
    const auto texts = must(transcripts().tail_json(kSession, 0, 1'000'000));
    ASSERT_EQ(texts.size(), 3U);
    EXPECT_TRUE(parse_json(texts[1]));
    EXPECT_NE(texts[1].find("damaged"), std::string::npos);
    must(execute("DELETE FROM messages"));
    must(execute("INSERT INTO messages SELECT * FROM keep"));
    must(execute("DROP TABLE keep"));
  }
  EXPECT_EQ(transcript(kSession), (Texts{"one", "two", "three"}));
}

TEST(Checksum, IsCrc32c) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c("56789", crc32c("1234")), crc32c("123456789"));
}

TEST(Checksum, ColumnsDoNotRunTogether) {
  EXPECT_NE(Checksum().add("ab").add("c").value(), Checksum().add("a").add("bc").value());
  EXPECT_NE(Checksum().add(std::int64_t{1}).value(), Checksum().add(std::int64_t{1} << 32).value());
}

}  // namespace
}  // namespace carapace::store
