// A few rows as the program has them, for tests of `config/`, which lies below the modules that own
// the real ones.
#pragma once

#include <array>
#include <span>

#include "base/make_row.h"

namespace carapace::test {

inline constexpr std::array kSampleRows{
    make_row::whole("gateway.port", 1, 65535, "Port of the gateway.", "18789"),
    make_row::text("gateway.bind", "Where the gateway listens.", R"("loopback")"),
    make_row::choice("gateway.auth.mode", "token|password|none", "How clients prove themselves."),
    make_row::secret("gateway.auth.token", "The token that clients present."),
    make_row::secret("gateway.auth.password", "The password that clients present."),
    make_row::flag("gateway.controlUi.enabled", "Serve the browser app.", "true"),
    make_row::texts("gateway.controlUi.allowedOrigins", "Further origins.", "[]"),
    make_row::text("logging.file", "File that gets every line."),
    make_row::text("agents.defaults.model.primary", "Model of new sessions."),
    make_row::whole("agents.defaults.timeoutSeconds", 1, 86400, "Seconds of a run.", "600"),
    make_row::text("agents.defaults.workspace", "Folder of the agent.", R"("~/carapace")"),
    make_row::text("models.providers.*.baseUrl", "Address of the provider's API."),
    make_row::secret("models.providers.*.apiKey", "Key of the provider."),
    make_row::secret_map("models.providers.*.headers", "Further HTTP headers."),
    make_row::objects("models.providers.*.models", "Models of the provider."),
    make_row::text("models.providers.*.models.*.id", "Name of the model."),
    make_row::whole("models.providers.*.models.*.contextWindow", 1024, 100'000'000, "Its window.",
                    "200000"),
    make_row::whole("models.providers.*.models.*.maxTokens", 1, 100'000'000, "Its answer.", "8192"),
    make_row::number("models.budget.dailyUsd", 0, 1e9, "Most US dollars of a day."),
    make_row::secret("env.vars.*", "An environment variable."),
    make_row::secret("env.*", "An environment variable."),
};

inline std::span<const FieldRow> sample_rows() { return kSampleRows; }

}  // namespace carapace::test
