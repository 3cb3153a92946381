// Which model answers when nobody says: the questions of the catalogue that choose.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "provider/catalogue.h"

namespace carapace::provider {

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
    return Choice{std::move(ref), resolved && resolved->spec->offline, std::move(reason),
                  resolved.has_value()};
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
