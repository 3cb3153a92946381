// The documentation answers what people ask, from the right page, and stays silent about everything
// else.
#include <gmock/gmock.h>

#include "extensions/docs/pages.h"

namespace carapace::docs {
namespace {

using ::testing::ElementsAre;

// The page that the first passage has to come from.
struct Question {
  std::string_view asked;
  std::string_view page;
};
constexpr Question kQuestions[] = {
    {"How do I start it?", "README.md"},
    {"How do I run the tests?", "README.md"},
    {"Which license does it have?", "README.md"},
    {"What is Carapace?", "README.md"},
    {"How do I set an Anthropic API key?", "docs/MODELS.md"},
    {"Can I use a local model with Ollama?", "docs/MODELS.md"},
    {"How do I use LM Studio or vLLM?", "docs/MODELS.md"},
    {"How do I add a custom OpenAI-compatible provider with my own base URL?", "docs/MODELS.md"},
    {"What happens when the provider fails or is overloaded?", "docs/MODELS.md"},
    {"Can I limit how much money it spends per day?", "docs/MODELS.md"},
    {"Which model answers when nothing is configured?", "docs/MODELS.md"},
    {"How can I make the model think harder?", "docs/MODELS.md"},
    {"Where is the configuration file?", "docs/CONFIGURATION.md"},
    {"How do I change the port?", "docs/CONFIGURATION.md"},
    {"Which environment variables are there?", "docs/CONFIGURATION.md"},
    {"How do I back up my data?", "docs/CONFIGURATION.md"},
    {"Where does it keep its state?", "docs/CONFIGURATION.md"},
    {"How do I turn on debug logging for one subsystem?", "docs/CONFIGURATION.md"},
    {"How do I stop an answer in the terminal?", "docs/CHATTING.md"},
    {"How do I delete a conversation?", "docs/CHATTING.md"},
    {"Can I ask a single question from a shell script?", "docs/CHATTING.md"},
    {"Can I send pictures?", "docs/CHATTING.md"},
    {"Which tools does the agent have?", "docs/TOOLS.md"},
    {"When does the agent ask for approval?", "docs/TOOLS.md"},
    {"Can the agent fetch a page from my private network?", "docs/TOOLS.md"},
    {"Can I use the official OpenAI client with it?", "docs/API.md"},
    {"How does the WebSocket protocol work?", "docs/API.md"},
    {"Is there a health check endpoint for monitoring?", "docs/API.md"},
    {"Where do I find the gateway token?", "docs/SECURITY.md"},
    {"How can I reach the gateway from another machine over SSH?", "docs/SECURITY.md"},
    {"What happens to my messages after a crash?", "docs/DURABILITY.md"},
    {"What is promised when a message was accepted?", "docs/DURABILITY.md"},
    {"It says the port is in use, what now?", "docs/TROUBLESHOOTING.md"},
    {"What does \"unauthorized: gateway token mismatch\" mean?", "docs/TROUBLESHOOTING.md"},
    {"How do I read the log?", "docs/TROUBLESHOOTING.md"},
    {"The disk is full, what shall I do?", "docs/TROUBLESHOOTING.md"},
};

// Nothing here is the documentation's business, though many words of it are.
constexpr std::string_view kOffTopic[] = {
    "What is the capital of France?",
    "Write a poem about autumn leaves",
    "How do I bake sourdough bread?",
    "Who won the football world cup in 1998?",
    "What is the weather in Vienna tomorrow?",
    "Explain quantum entanglement",
    "Translate good morning into Japanese",
    "How old is the universe?",
    "Recommend a good science fiction novel",
    "What is 17 times 23?",
    "How do I train my dog to sit?",
    "When was Mozart born?",
    "Which stocks should I buy this year?",
    "How do I delete my Facebook account?",
    "What port wine goes with cheese?",
    "How do I reset my phone?",
    "Which license do I need to drive a truck?",
    "Write a Python script that sorts a list",
    "What is the best programming language?",
    "asdf qwer zxcv",
    "",
    "???",
};

TEST(DocsSearch, AnswersFromTheRightPage) {
  static_assert(std::size(kQuestions) >= 30);
  DocsSearch search;
  for (const auto& [asked, page] : kQuestions) {
    const auto hits = search.ask(asked, 3);
    ASSERT_FALSE(hits.empty()) << asked;
    EXPECT_EQ(hits.front().passage.page, page) << asked << " → " << hits.front().passage.heading;
    EXPECT_LE(hits.size(), 3U);
  }
}

TEST(DocsSearch, SaysNothingAboutEverythingElse) {
  static_assert(std::size(kOffTopic) >= 10);
  DocsSearch search;
  for (const auto asked : kOffTopic) {
    const auto hits = search.ask(asked, 3);
    EXPECT_TRUE(hits.empty()) << asked << " → " << hits.front().passage.page << " – "
                              << hits.front().passage.heading;
  }
}

TEST(DocsSearch, HostileQuestions) {
  DocsSearch search;
  for (const std::string& asked :
       {std::string("\" OR * NEAR( ) AND NOT"), std::string(100'000, 'x'),
        std::string("\xff\xfe\x00", 3), std::string("'; DROP TABLE passages;--"),
        std::string(5'000, ' ') + "port", std::string("port\0port", 9)})
    (void)search.ask(asked, 3);
  std::string many;
  for (int i = 0; i < 5'000; ++i) many += "word" + std::to_string(i) + " ";
  EXPECT_TRUE(search.ask(many, 3).empty());
  EXPECT_FALSE(search.ask("how do I change the port", 3).empty());
}

std::vector<std::string> cut(std::string_view markdown) {
  std::vector<std::string> out;
  for (const auto& passage : passages_of("p.md", markdown))
    out.push_back(passage.heading + "|" + passage.text);
  return out;
}

TEST(Passages, AreCutAtHeadings) {
  EXPECT_THAT(cut("before\n\n# One\n\ntext\nmore\n## Two ##\nx\n"),
              ElementsAre("p.md|before", "One|text\nmore", "Two|x"));
  EXPECT_THAT(cut("# Empty\n\n## Full\nx"), ElementsAre("Full|x"));
  EXPECT_THAT(cut(""), ElementsAre());
  EXPECT_THAT(cut("#hashtag is no heading\n#!/bin/sh neither"),
              ElementsAre("p.md|#hashtag is no heading\n#!/bin/sh neither"));
}

TEST(Passages, FencedCodeIsLeftAlone) {
  EXPECT_THAT(cut("# A\n```sh\n# a comment\n```\nend"),
              ElementsAre("A|```sh\n# a comment\n```\nend"));
  EXPECT_THAT(cut("# A\n~~~\n# no\n~~~\n# B\nb"), ElementsAre("A|~~~\n# no\n~~~", "B|b"));
  EXPECT_THAT(cut("# A\n````\n```\n# no\n````\n# B\nb"),
              ElementsAre("A|````\n```\n# no\n````", "B|b"));
  EXPECT_THAT(cut("# A\n```\n# never closed"), ElementsAre("A|```\n# never closed"));
}

TEST(Passages, OfTheEmbeddedPages) {
  const auto all = embedded_passages();
  EXPECT_GT(all.size(), 40U);
  for (const auto& passage : all) {
    EXPECT_TRUE(passage.page.ends_with(".md"));
    EXPECT_FALSE(passage.text.empty());
    EXPECT_FALSE(passage.heading.empty());
  }
}

TEST(MeaningWords, DropsWhatSaysNothing) {
  EXPECT_THAT(meaning_words("How do I change the Port, please?"), ElementsAre("change", "port"));
  EXPECT_THAT(meaning_words("port PORT port"), ElementsAre("port"));
  EXPECT_THAT(meaning_words("what's CARAPACE_STATE_DIR"), ElementsAre("carapace_state_dir"));
  EXPECT_THAT(meaning_words("what is it"), ElementsAre());
  EXPECT_THAT(meaning_words("what is Carapace?"), ElementsAre("carapace"));
  EXPECT_THAT(meaning_words("port of Carapace"), ElementsAre("port"));
  EXPECT_THAT(meaning_words("2 + 2"), ElementsAre());
}

}  // namespace
}  // namespace carapace::docs
