#include "provider/catalogue.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "net/egress_guard.h"

namespace carapace::provider {
namespace {

ModelInfo from_row(const ModelRow& row, std::string_view provider, const Spec& spec) {
  ModelInfo info;
  info.id = row.id;
  info.name = row.name.empty() ? row.id : row.name;
  info.provider = provider;
  info.context_window = row.context_window > 0 ? row.context_window : spec.default_context;
  info.max_output = row.max_output > 0 ? row.max_output : spec.default_max_output;
  info.reasoning = row.reasoning;
  info.images = row.images;
  info.style = row.style;
  info.price = row.price;
  return info;
}

const ModelRow* row_of(const Spec& spec, std::string_view model) {
  const auto found = std::ranges::find(spec.models, model, &ModelRow::id);
  return found == spec.models.end() ? nullptr : &*found;
}

// What configuration or a server left out comes from the row of the same model, then from the row's
// defaults.
ModelInfo completed(ModelInfo info, std::string_view provider, const Spec* row, const Spec& spec) {
  info.provider = provider;
  const auto* known = row ? row_of(*row, info.id) : nullptr;
  if (known) {
    const auto base = from_row(*known, provider, spec);
    if (info.name.empty() || info.name == info.id) info.name = base.name;
    if (info.context_window <= 0) info.context_window = base.context_window;
    if (info.max_output <= 0) info.max_output = base.max_output;
    if (info.style == ThinkingStyle::unknown) info.style = base.style;
    if (!info.price.known) info.price = base.price;
    info.reasoning |= base.reasoning;
    info.images |= base.images;
  }
  if (info.name.empty()) info.name = info.id;
  if (info.context_window <= 0) info.context_window = spec.default_context;
  if (info.max_output <= 0)
    info.max_output = std::min(spec.default_max_output, info.context_window);
  return info;
}

ModelInfo unknown_model(std::string_view id, std::string_view provider, const Spec& spec) {
  ModelInfo info;
  info.id = id;
  info.context_window = 0;
  info.max_output = 0;
  info.images = spec.default_images;
  return completed(std::move(info), provider, nullptr, spec);
}

void add_missing(std::vector<ModelInfo>& models, ModelInfo info) {
  if (std::ranges::find(models, info.id, &ModelInfo::id) == models.end())
    models.push_back(std::move(info));
}

bool is_variable_name(std::string_view text) {
  return text.size() > 2 && text.contains('_') && std::ranges::all_of(text, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string join_keys(std::span<const std::string_view> keys) {
  std::string out;
  for (const auto key : keys) out.append(out.empty() ? "" : " or ").append(key);
  return out;
}

}  // namespace

bool is_safe_base_url(std::string_view url) {
  const auto lower = to_lower(url);
  const auto scheme_end = lower.find("://");
  if (scheme_end == std::string::npos) return false;
  const auto scheme = std::string_view(lower).substr(0, scheme_end);
  auto host = std::string_view(lower).substr(scheme_end + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.empty() || host.contains('@')) return false;
  if (scheme == "https") return true;
  if (scheme != "http") return false;
  if (host.starts_with('[')) return !net::is_public_address(host.substr(1, host.find(']') - 1));
  host = host.substr(0, host.find(':'));
  const bool is_address = host.find_first_not_of("0123456789.") == std::string_view::npos;
  if (is_address) return !net::is_public_address(host);
  if (!host.contains('.')) return !host.empty();
  for (const std::string_view suffix : {".localhost", ".local", ".lan", ".internal", ".home.arpa"})
    if (host.ends_with(suffix)) return true;
  return false;
}

Catalogue::Catalogue(std::span<const Spec* const> rows, std::vector<ProviderConfig> configured,
                     Environment environment)
    : rows_(rows), configured_(std::move(configured)), environment_(std::move(environment)) {
  for (auto& config : configured_) config.id = to_lower(config.id);
}

Catalogue::Known Catalogue::find(std::string_view id) const {
  Known known;
  const auto row = std::ranges::find(rows_, id, &Spec::id);
  if (row != rows_.end()) known.row = *row;
  const auto config = std::ranges::find(configured_, id, &ProviderConfig::id);
  if (config != configured_.end()) known.config = &*config;
  return known;
}

// The template of a wire: its generic row, else the first row that speaks it.
const Spec* Catalogue::wire(std::string_view api) const {
  const Spec* first = nullptr;
  for (const auto* row : rows_) {
    if (row->api != api) continue;
    if (row->generic) return row;
    if (!first) first = row;
  }
  return first;
}

Catalogue::Key Catalogue::key_of(const Known& known) const {
  if (known.config && !known.config->api_key.empty()) {
    // A key that was written beside a base URL belongs to that URL, whatever the environment holds.
    const auto& text = known.config->api_key;
    if (is_variable_name(text))
      if (auto value = environment_(text); value && !value->empty()) return {*value, text};
    return {text, "configuration"};
  }
  if (!known.row) return {};
  for (const auto name : known.row->env_keys)
    if (auto value = environment_(name); value && !trim(*value).empty())
      return {std::string(trim(*value)), std::string(name)};
  return {};
}

std::string Catalogue::base_url_of(const Known& known, const Spec& spec) const {
  if (known.config && !known.config->base_url.empty()) return without_slash(known.config->base_url);
  if (!known.row) return {};
  if (!known.row->env_base_url.empty())
    if (auto value = environment_(known.row->env_base_url); value && !value->empty())
      return without_slash(*value);
  return std::string(known.row->base_url.empty() ? spec.base_url : known.row->base_url);
}

std::vector<ModelInfo> Catalogue::models_of(std::string_view id, const Known& known,
                                            const Spec& spec) const {
  std::vector<ModelInfo> models;
  if (known.config)
    for (const auto& model : known.config->models)
      add_missing(models, completed(model, id, known.row, spec));
  for (const auto& report : discovered_)
    if (report.provider == id)
      for (const auto& model : report.models)
        add_missing(models, completed(model, id, known.row, spec));
  if (known.row)
    for (const auto& row : known.row->models) add_missing(models, from_row(row, id, spec));
  return models;
}

Result<Resolved> Catalogue::provider(std::string_view raw_id) const {
  const auto id = to_lower(trim(raw_id));
  const auto known = find(id);
  if (!known.row && !known.config)
    return fail(Errc::not_found, "no provider '{}'; known are: {}", id, join(ids(), ", "));
  const bool other_wire = known.config && !known.config->api.empty() &&
                          (!known.row || known.row->api != known.config->api);
  const Spec* spec = other_wire ? wire(known.config->api) : known.row;
  if (!spec) {
    return fail(Errc::invalid_request,
                "models.providers.{}.api is '{}', which is no wire of this build", id,
                known.config ? known.config->api : "");
  }
  Resolved out;
  out.spec = spec;
  auto& settings = out.settings;
  settings.id = id;
  settings.base_url = base_url_of(known, *spec);
  settings.quirks = spec->quirks;
  settings.deadlines = spec->deadlines;
  settings.api_version = spec->quirks.api_version;
  settings.models = models_of(id, known, *spec);
  const auto key = key_of(known);
  settings.api_key = key.value;
  if (known.config) {
    const auto& config = *known.config;
    settings.headers = config.headers;
    if (config.deadlines) settings.deadlines = *config.deadlines;
    if (!config.api_version.empty()) settings.api_version = config.api_version;
    if (config.max_tokens_field == "max_tokens") settings.quirks.max_tokens_field = "max_tokens";
    if (config.max_tokens_field == "max_completion_tokens")
      settings.quirks.max_tokens_field = "max_completion_tokens";
    if (config.developer_role) settings.quirks.developer_role = *config.developer_role;
    if (config.reasoning_effort)
      settings.quirks.reasoning_field = *config.reasoning_effort ? "reasoning_effort" : "";
  }
  if (spec->offline) return out;
  if (settings.base_url.empty())
    return fail(Errc::invalid_request,
                "provider '{}' has no base URL: set models.providers.{}.baseUrl", id, id);
  if (!is_safe_base_url(settings.base_url))
    return fail(
        Errc::invalid_request,
        "the base URL of '{}' must be https, or http to this machine or a private network: {}", id,
        settings.base_url);
  const bool key_required = known.row ? known.row->key_required : false;
  if (key_required && settings.api_key.empty()) {
    return fail(Errc::unauthorized,
                "provider '{}' has no key: set {} in the environment or models.providers.{}.apiKey",
                id, join_keys(known.row->env_keys), id);
  }
  return out;
}

Result<Resolved> Catalogue::resolve(const ModelRef& ref) const {
  TRY(auto resolved, provider(ref.provider));
  auto& models = resolved.settings.models;
  const auto found = std::ranges::find(models, ref.model, &ModelInfo::id);
  if (found != models.end()) {
    resolved.model = *found;
  } else {
    resolved.model = unknown_model(ref.model, resolved.settings.id, *resolved.spec);
    models.push_back(resolved.model);
  }
  return resolved;
}

std::vector<std::string> Catalogue::ids() const {
  std::vector<std::string> out;
  for (const auto* row : rows_) out.emplace_back(row->id);
  for (const auto& config : configured_)
    if (std::ranges::find(out, config.id) == out.end()) out.push_back(config.id);
  return out;
}

// Can be called now, as far as we know without calling: a server that nobody configured and that
// did not answer a probe is not counted.
bool Catalogue::usable(std::string_view id) const {
  const auto resolved = provider(id);
  if (!resolved) return false;
  const auto known = find(id);
  if (known.config || resolved->spec->offline || !resolved->settings.api_key.empty()) return true;
  return std::ranges::find(discovered_, id, &Discovered::provider) != discovered_.end();
}

std::vector<ModelInfo> Catalogue::models() const {
  std::vector<ModelInfo> out;
  for (const auto& id : ids()) {
    if (!usable(id)) continue;
    auto resolved = provider(id);
    std::ranges::move(resolved->settings.models, std::back_inserter(out));
  }
  return out;
}

std::vector<const Spec*> Catalogue::probes() const {
  std::vector<const Spec*> out;
  for (const auto* row : rows_)
    if (row->probe_at_start && row->discover) out.push_back(row);
  return out;
}

void Catalogue::add_discovered(std::string_view provider, std::vector<ModelInfo> models) {
  std::erase_if(discovered_,
                [provider](const Discovered& report) { return report.provider == provider; });
  discovered_.push_back({std::string(provider), std::move(models)});
}

Result<ModelRef> Catalogue::read_ref(std::string_view raw) const {
  const auto text = trim(raw);
  if (const auto colon = text.find(':');
      colon != std::string_view::npos && colon < text.find('/')) {
    const auto id = to_lower(text.substr(0, colon));
    const auto known = find(id);
    if ((known.row || known.config) && colon + 1 < text.size())
      return ModelRef{id, std::string(text.substr(colon + 1))};
  }
  if (auto ref = parse_model_ref(text)) {
    ref->provider = to_lower(ref->provider);
    return *ref;
  }
  for (const auto& id : ids()) {
    const auto known = find(id);
    const auto* spec = known.row ? known.row : wire(known.config->api);
    if (!spec) continue;
    const auto models = models_of(id, known, *spec);
    if (std::ranges::find(models, text, &ModelInfo::id) != models.end())
      return ModelRef{id, std::string(text)};
  }
  return fail(Errc::invalid_request, "'{}' names no model: write provider/model",
              ellipsize(text, 80));
}

std::optional<Choice> Catalogue::pick_configured() const {
  for (const auto& config : configured_) {
    if (!usable(config.id)) continue;
    const auto resolved = provider(config.id);
    auto model = config.models.empty() ? std::string(resolved->spec->default_model)
                                       : config.models.front().id;
    if (model.empty() && !resolved->settings.models.empty())
      model = resolved->settings.models.front().id;
    if (model.empty()) continue;
    return Choice{
        {config.id, std::move(model)},
        false,
        fmt::format("models.providers.{} is configured and no other model is chosen.", config.id)};
  }
  return std::nullopt;
}

std::optional<Choice> Catalogue::pick_by_key() const {
  for (const auto* row : rows_) {
    const auto key = key_of(find(row->id));
    if (row->default_model.empty() || !row->key_required || key.value.empty() || !usable(row->id))
      continue;
    return Choice{{std::string(row->id), std::string(row->default_model)},
                  false,
                  fmt::format("{} is set in the environment and no model is chosen.", key.source)};
  }
  return std::nullopt;
}

Result<Choice> Catalogue::pick_default(std::string_view primary,
                                       const std::optional<Probe>& probe) const {
  if (!trim(primary).empty()) {
    TRY(auto ref, read_ref(primary));
    const auto resolved = resolve(ref);
    auto reason = resolved
                      ? std::string("The configuration chooses it.")
                      : fmt::format("The configuration chooses it, but it cannot be called: {}.",
                                    resolved.error().detail);
    return Choice{std::move(ref), resolved && resolved->spec->offline, std::move(reason)};
  }
  if (auto choice = pick_configured()) return std::move(*choice);
  if (auto choice = pick_by_key()) return std::move(*choice);
  if (probe && !probe->models.empty()) {
    return Choice{
        {probe->provider, probe->models.front().id},
        false,
        fmt::format("No key is set; a local {} server answered with this model.", probe->provider)};
  }
  for (const auto* row : rows_)
    if (row->offline)
      return Choice{
          {std::string(row->id), std::string(row->default_model)},
          true,
          "No model is configured, no key is set and no local server with a chat model answered."};
  return fail(Errc::not_found, "no model is configured and this build has no offline provider");
}

}  // namespace carapace::provider
