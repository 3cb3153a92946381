#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

constexpr auto kFields = planned(
    std::array{
        choice("models.mode", "merge|replace",
               "Do the providers named here add to the built-in ones, or replace them?",
               R"("merge")"),
        choice("models.providers.*.auth", "api-key|aws-sdk|oauth|token",
               "How the provider is shown who asks."),
        flag("models.providers.*.authHeader", "Is the key sent as an Authorization header?"),
        text("models.providers.*.models.*.api", "Wire format of this model alone."),
        secret_map("models.providers.*.models.*.headers", "Further HTTP headers for this model."),
        flag("models.bedrockDiscovery.enabled", "Are the models of Bedrock looked up?"),
        text("models.bedrockDiscovery.region", "Region of Bedrock."),
        texts("models.bedrockDiscovery.providerFilter", "Makers whose models are listed."),
        whole("models.bedrockDiscovery.refreshInterval", 0, kMost,
              "Seconds between two looks at the list.", "3600"),
        whole("models.bedrockDiscovery.defaultContextWindow", 1, kMost,
              "Tokens in the window of models that do not say theirs.", "32000"),
        whole("models.bedrockDiscovery.defaultMaxTokens", 1, kMost,
              "Tokens of the longest answer of models that do not say theirs.", "4096"),

        map("auth.profiles", "Accounts at providers, by name."),
        text("auth.profiles.*.provider", "The provider of the account."),
        choice("auth.profiles.*.mode", "api_key|oauth|token", "What opens the account."),
        text("auth.profiles.*.email", "Mail address of the account."),
        guarded(text("auth.profiles.redirectBaseUrl", "Where logins at providers come back to.")),
        secret("auth.profiles.*.clientSecret", "Secret of this program at the provider."),
        secret("auth.profiles.providers.*.clientSecret", "Secret of this program at the provider."),
        text("auth.profiles.providers.*.clientId", "Name of this program at the provider."),
        guarded(text("auth.profiles.*.redirectUri", "Where its logins come back to.")),
        guarded(text("auth.profiles.providers.*.redirectUri", "Where its logins come back to.")),
        map("auth.order", "Order in which accounts of a provider are tried."),
        texts("auth.order.*", "Names of accounts, the first one first."),
        number("auth.cooldowns.billingBackoffHours", kAboveZero, kMost,
               "Hours for which an account without money rests.", "5"),
        map("auth.cooldowns.billingBackoffHoursByProvider",
            "Hours for which such an account rests, by provider."),
        number("auth.cooldowns.billingBackoffHoursByProvider.*", kAboveZero, kMost,
               "Hours for accounts of this provider."),
        number("auth.cooldowns.billingMaxHours", kAboveZero, kMost, "Longest such rest in hours.",
               "24"),
        number("auth.cooldowns.failureWindowHours", kAboveZero, kMost,
               "Hours after which a failure is forgotten.", "24"),

        of(FieldType::any, "usage.pricing.default", "Prices of models that have none."),
        objects("usage.pricing.overrides", "Prices of single models."),
        map("routes", "Names for models, as another version has them."),
        text("routes.*.model", "The model that the name means, as provider/model."),
        text("routes.*.label", "How the name is shown."),
        flag("classifier.enabled", "Does a model look at messages before the agent does?", "false"),
        choice("classifier.mode", "off|warn|block", "What happens to what looks like an attack."),
        text("classifier.model", "The model that looks."),
        number("classifier.blockThreshold", 0, 1, "From which likelihood on it blocks.", "0.8"),
    },
    Reload::none);

}  // namespace

std::span<const FieldRow> models_fields() { return kFields; }

}  // namespace carapace::ancestor
