#include "provider/catalogue.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "provider/catalogue/base_url.h"

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

// A dated name (`claude-x-20250929`) is the model of the row.
const ModelRow* row_of(const Spec& spec, std::string_view model) {
  const auto exact = std::ranges::find(spec.models, model, &ModelRow::id);
  if (exact != spec.models.end()) return &*exact;
  const auto dated = std::ranges::find_if(spec.models, [model](const ModelRow& row) {
    return model.size() > row.id.size() && same_model(row.id, model);
  });
  return dated == spec.models.end() ? nullptr : &*dated;
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

ModelInfo unknown_model(std::string_view id, std::string_view provider, const Spec* row,
                        const Spec& spec) {
  ModelInfo info;
  info.id = id;
  info.context_window = 0;
  info.max_output = 0;
  info.images = spec.default_images;
  return completed(std::move(info), provider, row, spec);
}

void add_missing(std::vector<ModelInfo>& models, ModelInfo info) {
  if (std::ranges::find(models, info.id, &ModelInfo::id) == models.end())
    models.push_back(std::move(info));
}

// Where a key comes from that stands in no variable.
constexpr std::string_view kConfiguration = "configuration";

bool is_variable_name(std::string_view text) {
  return text.size() > 2 && text.contains('_') && std::ranges::all_of(text, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// Free as far as anybody told: a price that configuration gave stays.
void make_free(ModelInfo& model) {
  if (!model.price.known) model.price = {.known = true};
}

// A model that thinks may stay silent for longer.
constexpr std::int64_t kThinkingFactor = 5;

std::int64_t patient(std::int64_t ms, std::int64_t total_ms) {
  const auto longer = ms * kThinkingFactor;
  return total_ms > 0 ? std::min(longer, std::max(ms, total_ms)) : longer;
}

void override_with(const Timeouts& timeouts, net::Deadlines& deadlines) {
  if (timeouts.connect_ms) deadlines.connect_ms = *timeouts.connect_ms;
  if (timeouts.first_byte_ms) deadlines.first_byte_ms = *timeouts.first_byte_ms;
  if (timeouts.idle_ms) deadlines.idle_ms = *timeouts.idle_ms;
  if (timeouts.total_ms) deadlines.total_ms = *timeouts.total_ms;
}

void apply(const Compat& compat, Quirks& quirks) {
  for (const std::string_view field : {"max_tokens", "max_completion_tokens"})
    if (compat.max_tokens_field == field) quirks.max_tokens_field = field;
  if (compat.developer_role) quirks.developer_role = *compat.developer_role;
  if (compat.reasoning_effort)
    quirks.reasoning_field = *compat.reasoning_effort ? "reasoning_effort" : "";
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

Catalogue::Catalogue(std::span<const Spec* const> rows, std::vector<ProviderConfig> configured,
                     Environment environment, Timeouts timeouts)
    : rows_(rows),
      configured_(std::move(configured)),
      environment_(std::move(environment)),
      timeouts_(timeouts) {
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

// The template of a wire: its generic row, else the first row that speaks it. Without a name, the
// wire that has a generic row.
const Spec* Catalogue::wire(std::string_view api) const {
  const Spec* first = nullptr;
  for (const auto* row : rows_) {
    if (api.empty() ? !row->generic : row->api != api) continue;
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
    return {text, std::string(kConfiguration)};
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
  if (bills_nobody(known, spec)) std::ranges::for_each(models, make_free);
  return models;
}

bool Catalogue::bills_nobody(const Known& known, const Spec& spec) const {
  const auto& row = known.row ? *known.row : spec;
  return row.offline || (row.local && is_private_url(base_url_of(known, spec)));
}

// What configuration says is meant as it is said; the row's own patience grows with thinking.
void Catalogue::set_deadlines(const Known& known, const Spec& spec, Settings& settings) const {
  auto& plain = settings.deadlines;
  auto& thinking = settings.thinking_deadlines;
  plain = spec.deadlines;
  if (timeouts_.total_ms) plain.total_ms = *timeouts_.total_ms;
  if (known.config && known.config->timeouts.total_ms)
    plain.total_ms = *known.config->timeouts.total_ms;
  thinking = plain;
  thinking.first_byte_ms = patient(plain.first_byte_ms, plain.total_ms);
  thinking.idle_ms = patient(plain.idle_ms, plain.total_ms);
  for (auto* deadlines : {&plain, &thinking}) {
    override_with(timeouts_, *deadlines);
    if (known.config) override_with(known.config->timeouts, *deadlines);
  }
}

Result<Resolved> Catalogue::provider(std::string_view raw_id) const {
  const auto id = to_lower(trim(raw_id));
  const auto known = find(id);
  if (!known.row && !known.config)
    return fail(Errc::not_found, "no provider '{}'; known are: {}", id, join(ids(), ", "));
  const bool other_wire = known.config && !known.config->api.empty() &&
                          (!known.row || known.row->api != known.config->api);
  const Spec* spec = other_wire ? wire(known.config->api) : known.row ? known.row : wire({});
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
  set_deadlines(known, *spec, settings);
  settings.api_version = spec->quirks.api_version;
  settings.models = models_of(id, known, *spec);
  const auto key = key_of(known);
  settings.api_key = key.value;
  settings.key_path =
      key.source == kConfiguration ? fmt::format("models.providers.{}.apiKey", id) : key.source;
  if (known.config) {
    const auto& config = *known.config;
    settings.headers = config.headers;
    if (!config.api_version.empty()) settings.api_version = config.api_version;
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
    const auto known = find(resolved.settings.id);
    resolved.model = unknown_model(ref.model, resolved.settings.id, known.row, *resolved.spec);
    if (bills_nobody(known, *resolved.spec)) make_free(resolved.model);
    models.push_back(resolved.model);
  }
  apply(resolved.model.compat, resolved.settings.quirks);
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

}  // namespace carapace::provider
