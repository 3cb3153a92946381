#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"
#include "extensions/ancestor/graft.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

constexpr auto kProfiles = "minimal|coding|messaging|full";

constexpr auto kOwn = planned(
    std::array{
        flag("tools.web.search.enabled", "May the agent search the web?", "true"),
        text("tools.web.search.provider", "Who searches: brave, perplexity or another.",
             R"("brave")"),
        secret("tools.web.search.apiKey", "Key of the search."),
        whole("tools.web.search.maxResults", 1, kMost,
              "Most results of a search; more than 10 count as 10.", "5"),
        whole("tools.web.search.timeoutSeconds", 1, kMost, "Seconds for a search.", "30"),
        number("tools.web.search.cacheTtlMinutes", 0, kMost, "Minutes that results are kept.",
               "15"),
        secret("tools.web.search.perplexity.apiKey", "Key of Perplexity."),
        text("tools.web.search.perplexity.baseUrl", "Address of Perplexity's API."),
        text("tools.web.search.perplexity.model", "Model of Perplexity.",
             R"("perplexity/sonar-pro")"),
        whole("tools.web.fetch.maxChars", 1, kMost, "Characters of a page that the agent gets.",
              "50000"),
        number("tools.web.fetch.cacheTtlMinutes", 0, kMost, "Minutes that pages are kept.", "15"),
        whole("tools.web.fetch.maxRedirects", 0, kMost, "Redirections that are followed.", "3"),
        text("tools.web.fetch.userAgent", "What sites are told who asks."),
        flag("tools.web.fetch.readability", "Is a page reduced to what is to be read?", "true"),
        flag("tools.web.fetch.firecrawl.enabled", "Is Firecrawl asked for hard pages?"),
        secret("tools.web.fetch.firecrawl.apiKey", "Key of Firecrawl."),
        text("tools.web.fetch.firecrawl.baseUrl", "Address of Firecrawl's API.",
             R"("https://api.firecrawl.dev")"),
        flag("tools.web.fetch.firecrawl.onlyMainContent",
             "Does Firecrawl give the main part of a page only?", "true"),
        whole("tools.web.fetch.firecrawl.maxAgeMs", 0, kMost,
              "Milliseconds that a copy of Firecrawl may be old.", "172800000"),
        whole("tools.web.fetch.firecrawl.timeoutSeconds", 1, kMost, "Seconds for a page.", "60"),
        flag("tools.message.allowCrossContextSend", "May it write to other chats at all?"),
        flag("tools.message.crossContext.allowWithinProvider",
             "May it write to other chats of the channel?", "true"),
        flag("tools.message.crossContext.allowAcrossProviders", "May it write to other channels?",
             "false"),
        flag("tools.message.crossContext.marker.enabled", "Do such messages say where from?",
             "true"),
        text("tools.message.crossContext.marker.prefix", "What such messages begin with."),
        text("tools.message.crossContext.marker.suffix", "What such messages end with."),
        flag("tools.message.broadcast.enabled", "May it write to many chats at once?", "true"),
        flag("tools.agentToAgent.enabled", "May agents talk to each other?", "false"),
        texts("tools.agentToAgent.allow", "Agents that may talk to each other."),
        texts("tools.subagents.tools.allow", "Tools of sub-agents."),
        texts("tools.subagents.tools.deny", "Tools that sub-agents lack."),
        whole("tools.exec.approvalRunningNoticeMs", 0, kMost,
              "Milliseconds after which an approved command is said to run.", "10000"),
        flag("tools.loopDetection.enabled", "Is an agent that goes in circles stopped?"),
    },
    Reload::none);

constexpr std::array kPlaces{Place{"tools"},
                             Place{.path = "agents.list.*.tools", .inherits = true}};
constexpr std::array kPolicy{
    choice("profile", kProfiles, "A named set of tools; all when not set."),
    texts("allow", "Tools that may be used; groups begin with group:."),
    texts("alsoAllow", "Tools that may be used besides the profile's."),
    texts("deny", "Tools that may not be used, whatever else says."),
    map("byProvider", "What single providers or models may use, by provider or provider/model."),
    choice("byProvider.*.profile", kProfiles, "A named set of tools."),
    texts("byProvider.*.allow", "Tools that may be used."),
    texts("byProvider.*.alsoAllow", "Tools that may be used besides the profile's."),
    texts("byProvider.*.deny", "Tools that may not be used."),
    flag("elevated.enabled", "May people lift the sandbox for a chat?", "true"),
    map("elevated.allowFrom", "Who may lift the sandbox, by channel."),
    of(FieldType::list, "elevated.allowFrom.*",
       "Senders of this channel who may lift the sandbox."),
    or_else(text("elevated.allowFrom.*.*", "A sender."), FieldType::number),
    choice("exec.host", "sandbox|gateway|node", "Where commands run.", R"("sandbox")"),
    choice("exec.security", "deny|allowlist|full",
           "Which commands run unasked; deny in a sandbox and allowlist elsewhere when not set."),
    choice("exec.ask", "off|on-miss|always", "When somebody is asked.", R"("on-miss")"),
    text("exec.node", "Node on which commands run."),
    texts("exec.pathPrepend", "Folders before those of PATH."),
    texts("exec.safeBins", "Programs that are always allowed.",
          R"(["jq","grep","cut","sort","uniq","head","tail","tr","wc"])"),
    whole("exec.backgroundMs", 1, kMost, "Milliseconds until a command runs on its own.", "10000"),
    whole("exec.timeoutSec", 1, kMost, "Seconds after which a command is ended.", "1800"),
    whole("exec.cleanupMs", 1, kMost, "Milliseconds that a finished command is remembered.",
          "1800000"),
    flag("exec.notifyOnExit", "Is the agent told when a command ends?", "true"),
    flag("exec.notifyOnExitEmptySuccess",
         "Is the agent told even when a command ended well and said nothing?"),
    flag("exec.applyPatch.enabled", "May the agent apply patches?", "false"),
    flag("exec.applyPatch.workspaceOnly", "May patches change files of the workspace only?"),
    texts("exec.applyPatch.allowModels", "Models that may apply patches."),
    flag("fs.workspaceOnly", "Do file tools stay within the workspace?"),
    texts("sandbox.tools.allow", "Tools inside a sandbox."),
    texts("sandbox.tools.alsoAllow", "Further tools inside a sandbox."),
    texts("sandbox.tools.deny", "Tools that a sandbox lacks."),
};

constexpr auto& kPolicies = Graft<kPlaces, kPolicy>::kRows;
constexpr auto kFields = joined(kOwn, kPolicies);

}  // namespace

std::span<const FieldRow> tools_fields() { return kFields; }

}  // namespace carapace::ancestor
