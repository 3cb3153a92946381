// The row of a provider: the whole truth about a vendor. Vendors of a known wire are rows and no
// code. Status, onboarding, key detection, model list and hygiene are derived from rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "domain/usage.h"
#include "net/client.h"
#include "provider/contract.h"
#include "provider/hygiene.h"

namespace carapace::provider {

// How a model is told to think, where the wire has more than one way.
enum class ThinkingStyle : std::uint8_t {
  unknown,         // the wire decides by the name
  budget,          // a number of tokens
  adaptive,        // an effort word up to high
  adaptive_xhigh,  // an effort word, xhigh too
};

struct ModelRow {
  std::string_view id = {};
  std::string_view name = {};
  std::int64_t context_window = 0;  // tokens; 0: the spec's default
  std::int64_t max_output = 0;
  bool reasoning = false;
  bool images = false;
  ThinkingStyle style = ThinkingStyle::unknown;
  Price price = {};
};

// How a server differs from its row for one model, as configuration says it.
struct Compat {
  std::string max_tokens_field = {};
  std::optional<bool> developer_role = {};
  std::optional<bool> reasoning_effort = {};
};

// A model as known at run time: a row, or an entry of `models.providers.<id>.models[]`, or
// discovered.
struct ModelInfo {
  std::string id;
  std::string name;
  std::string provider;
  std::int64_t context_window = 200'000;
  std::int64_t max_output = 8192;
  bool reasoning = false;
  bool images = false;
  ThinkingStyle style = ThinkingStyle::unknown;
  Price price;
  Compat compat = {};
};

// Differences between servers of one wire. Defaults are the portable ones.
struct Quirks {
  std::string_view max_tokens_field = "max_completion_tokens";
  bool stream_usage = true;  // accepts stream_options.include_usage
  bool developer_role = false;
  // Where the request says how hard to think: "reasoning_effort", "reasoning.effort",
  // "reasoning.enabled", "thinking.type"; empty: nowhere.
  std::string_view reasoning_field = {};
  bool think_tags = false;            // reasoning may come as <think>…</think> inside the text
  bool replay_reasoning = false;      // wants reasoning_content back on assistant turns
  std::string_view api_version = {};  // header value where the wire has one
};

// Configuration of one provider instance, resolved: `models.providers.<id>` over the row.
struct Settings {
  std::string id;
  std::string base_url;  // no trailing slash
  std::string api_key;   // may be empty when the row does not require one; may be a reference
  std::string key_path;  // where the key comes from: a key path or a variable's name; for messages
  std::string api_version;
  net::Headers headers;           // extra
  std::vector<ModelInfo> models;  // configured ones first, then the row's
  net::Deadlines deadlines;
  net::Deadlines thinking_deadlines;  // of calls in which the model may think before it speaks
  Quirks quirks;
};

struct Ports {
  net::Client& client;
  const Clock& clock;
  Random& random;
};

struct Spec {
  std::string_view id = {};
  std::string_view label = {};
  std::string_view api = {};                        // wire name as configuration spells it
  std::string_view base_url = {};                   // default
  std::span<const std::string_view> env_keys = {};  // in order; empty: no key needed
  std::string_view env_base_url = {};               // variable that replaces base_url; may be empty
  bool key_required = true;
  bool generic = false;  // the template for vendors of this wire that only configuration names
  bool offline = false;  // answers without any network or account
  bool local = false;    // bills nobody while it runs on this machine or the private network
  std::span<const ModelRow> models = {};
  std::string_view default_model = {};
  std::int64_t default_context =
      200'000;  // of models that neither a row nor configuration describes
  std::int64_t default_max_output = 8192;
  bool default_images = false;  // may such models be sent pictures?
  net::Deadlines deadlines = {};
  Hygiene hygiene = {};
  Quirks quirks = {};
  std::unique_ptr<Provider> (*make)(const Settings& settings, const Ports& ports) = nullptr;
  // Asks a running server for its models = {}; null when the wire has no such call or needs none.
  // Numbers that the server does not tell are 0: Catalogue::add_discovered fills them.
  Task<Result<std::vector<ModelInfo>>> (*discover)(const Settings& settings,
                                                   const Ports& ports) = nullptr;
  // A local server that may be probed at start without being configured.
  bool probe_at_start = false;
};

}  // namespace carapace::provider
