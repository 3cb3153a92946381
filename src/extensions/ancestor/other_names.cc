// Names of the Rust Carapace for what has another name here. Those that say `same_as` count where
// the key that they mean is not set.
#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

// Readers move the value to the key that is meant, so a change is a change of that one.
constexpr FieldRow renamed(FieldRow row) {
  row.reload = Reload::none;
  return row;
}

constexpr FieldRow kept(FieldRow row, Reload reload = Reload::none) {
  row.planned = true;
  row.reload = reload;
  return row;
}

constexpr auto kKey = "Key of the provider.";
constexpr auto kUrl = "Address of the provider's API.";
constexpr auto kHeaders = "Further HTTP headers of every request.";

constexpr std::array kFields{
    renamed(as(secret("anthropic.apiKey", kKey), "models.providers.anthropic.apiKey")),
    renamed(as(guarded(text("anthropic.baseUrl", kUrl)), "models.providers.anthropic.baseUrl")),
    renamed(as(secret_map("anthropic.headers", kHeaders), "models.providers.anthropic.headers")),
    renamed(as(secret("openai.apiKey", kKey), "models.providers.openai.apiKey")),
    renamed(as(guarded(text("openai.baseUrl", kUrl)), "models.providers.openai.baseUrl")),
    renamed(as(secret_map("openai.headers", kHeaders), "models.providers.openai.headers")),
    renamed(as(secret("google.apiKey", kKey), "models.providers.google.apiKey")),
    renamed(as(guarded(text("google.baseUrl", kUrl)), "models.providers.google.baseUrl")),
    renamed(as(secret_map("google.headers", kHeaders), "models.providers.google.headers")),
    renamed(as(secret("gemini.apiKey", kKey), "models.providers.google.apiKey")),
    renamed(as(guarded(text("gemini.baseUrl", kUrl)), "models.providers.google.baseUrl")),
    renamed(as(secret("ollama.apiKey", kKey), "models.providers.ollama.apiKey")),
    renamed(as(guarded(text("ollama.baseUrl", kUrl)), "models.providers.ollama.baseUrl")),
    renamed(as(secret("providers.ollama.apiKey", kKey), "models.providers.ollama.apiKey")),
    renamed(as(guarded(text("providers.ollama.baseUrl", kUrl)), "models.providers.ollama.baseUrl")),
    renamed(as(secret("venice.apiKey", kKey), "models.providers.venice.apiKey")),
    renamed(as(guarded(text("venice.baseUrl", kUrl)), "models.providers.venice.baseUrl")),
    renamed(as(secret("nearai.apiKey", kKey), "models.providers.nearai.apiKey")),
    renamed(as(guarded(text("nearai.baseUrl", kUrl)), "models.providers.nearai.baseUrl")),
    kept(text("bedrock.region", "Region of Bedrock.")),
    kept(secret("bedrock.accessKeyId", "Name of the key of Amazon.")),
    kept(secret("bedrock.secretAccessKey", "Key of Amazon.")),
    kept(secret("bedrock.sessionToken", "Token of a session at Amazon.")),
    kept(text("vertex.project", "Project at Google Cloud.")),
    kept(text("vertex.location", "Region of Google Cloud.", R"("us-central1")")),
    kept(whole("vertex.gcloudTokenTimeoutMs", 1, kMost,
               "Milliseconds for a token from the gcloud program.", "10000")),
    kept(texts("vertex.globalModels", "Models that lie in no region.", R"(["gemini-3*"])")),
    kept(flag("filesystem.enabled", "May the agent use files?", "false")),
    kept(texts("filesystem.roots", "Folders of which it may use files.", "[]")),
    kept(flag("filesystem.writeAccess", "May it write there?", "false")),
    kept(whole("filesystem.maxReadBytes", 1, kMost, "Most bytes of a file that is read.",
               "10485760")),
    kept(texts("filesystem.excludePatterns", "Names of files that it never sees.", "[]")),
    // Channels once stood at the top; what they are today is under `channels`. Nothing is said
    // about what lies below, so names decide what is secret there.
    kept(map("telegram", "As channels.telegram."), Reload::restart),
    kept(map("discord", "As channels.discord."), Reload::restart),
    kept(map("slack", "As channels.slack."), Reload::restart),
    kept(map("matrix", "As channels.matrix."), Reload::restart),
    kept(map("signal", "As channels.signal."), Reload::restart),
    kept(map("imessage", "As channels.imessage."), Reload::restart),
    kept(map("whatsapp", "As channels.whatsapp."), Reload::restart),
    kept(map("msteams", "As channels.msteams."), Reload::restart),
    kept(map("googlechat", "As channels.googlechat."), Reload::restart),
};

}  // namespace

std::span<const FieldRow> renamed_fields() { return kFields; }

}  // namespace carapace::ancestor
