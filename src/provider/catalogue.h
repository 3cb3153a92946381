// Which providers and models there are: the compiled-in rows, what configuration says over them,
// which keys the environment holds, what running servers were asked. Answers `provider/model` →
// row, settings and model, and picks the model when nobody chose one. Values in, values out; no
// I/O. Owned by app/.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "domain/model_ref.h"
#include "provider/choice.h"
#include "provider/spec.h"

namespace carapace::provider {

// Deadlines as configuration gives them, in milliseconds; absent: as the row says.
struct Timeouts {
  std::optional<std::int64_t> connect_ms = {};
  std::optional<std::int64_t> first_byte_ms = {};
  std::optional<std::int64_t> idle_ms = {};
  std::optional<std::int64_t> total_ms = {};
};

// `models.providers.<id>` as configuration gives it. Empty text and 0 mean "as the row says".
struct ProviderConfig {
  std::string id;
  std::string base_url;
  std::string api_key;  // literal, or the name of an environment variable in capitals
  std::string api;      // wire
  std::string api_version;
  net::Headers headers;
  std::vector<ModelInfo> models;  // context_window and max_output may be 0
  Timeouts timeouts;
};

using Environment = std::function<std::optional<std::string>(std::string_view name)>;

struct Resolved {
  const Spec* spec = nullptr;  // whose `make`, `hygiene` and `discover` apply
  Settings settings;
  ModelInfo model;
};

// A local server that answered when it was asked at start.
struct Probe {
  std::string provider;
  std::vector<ModelInfo> models;  // those that can chat
};

class Catalogue {
 public:
  // `timeouts` are for all providers; those of one provider come before them.
  Catalogue(std::span<const Spec* const> rows, std::vector<ProviderConfig> configured,
            Environment environment, Timeouts timeouts = {});

  // `provider/model`, `provider:model` of a known provider, or a model id that one row knows.
  // invalid_request otherwise.
  Result<ModelRef> read_ref(std::string_view text) const;

  // not_found: no such provider. unauthorized: it needs a key and has none. invalid_request:
  // configuration that cannot work (unknown wire, no base URL, plain http to a public host). An
  // unknown model of a known provider resolves, with the row's defaults.
  Result<Resolved> resolve(const ModelRef& ref) const;

  // Settings without a model, for `discover`. Same errors.
  Result<Resolved> provider(std::string_view id) const;

  // Models of providers that can be called now, in the order of rows, then configured ones.
  std::vector<ModelInfo> models() const;

  // Rows that may be asked at start without being configured.
  std::vector<const Spec*> probes() const;
  // Models that a server reported. They stand behind configured ones and replace earlier reports.
  void add_discovered(std::string_view provider, std::vector<ModelInfo> models);

  // Configuration, else a configured provider, else a key in the environment, else a local server,
  // else the offline row. Never fails while one row is offline; `primary` wins although it may not
  // resolve.
  Result<Choice> pick_default(std::string_view primary, const std::optional<Probe>& probe) const;

 private:
  struct Known {
    const Spec* row = nullptr;  // identity; null for a provider that only configuration names
    const ProviderConfig* config = nullptr;
  };
  struct Key {
    std::string value;
    std::string source;  // variable name, "configuration", or empty
  };

  Known find(std::string_view id) const;
  const Spec* wire(std::string_view api) const;
  Key key_of(const Known& known) const;
  std::string base_url_of(const Known& known, const Spec& spec) const;
  bool bills_nobody(const Known& known, const Spec& spec) const;
  std::vector<ModelInfo> models_of(std::string_view id, const Known& known, const Spec& spec) const;
  void set_deadlines(const Known& known, const Spec& spec, Settings& settings) const;
  std::vector<std::string> ids() const;
  bool usable(std::string_view id) const;
  std::optional<Choice> pick_configured() const;
  std::optional<Choice> pick_by_key() const;

  std::span<const Spec* const> rows_;
  std::vector<ProviderConfig> configured_;
  Environment environment_;
  Timeouts timeouts_;
  struct Discovered {
    std::string provider;
    std::vector<ModelInfo> models;
  };
  std::vector<Discovered> discovered_;
};

}  // namespace carapace::provider
