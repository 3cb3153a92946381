#include "app/start/plan.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "app/start/fields.h"
#include "app/start/models.h"
#include "app/terminal/output.h"
#include "app/version.h"
#include "base/json.h"
#include "base/text.h"
#include "config/explain/overrides.h"
#include "fs/directory.h"
#include "log/log.h"

namespace carapace::app {
namespace {

constexpr log::Log kLog{"config"};

struct BindMode {
  std::string_view name;
  std::vector<std::string> addresses;
  bool loopback;
};

// A mode's name, or an address.
Result<BindMode> bind_mode(const std::string& wish) {
  if (wish.empty() || wish == "loopback" || wish == "localhost" || wish == "local" ||
      wish == "auto")
    return BindMode{"loopback", {"127.0.0.1", "::1"}, true};
  if (wish == "lan" || wish == "local-network" || wish == "all")
    return BindMode{"lan", {"0.0.0.0", "::"}, false};
  if (wish == "127.0.0.1" || wish == "::1") return BindMode{"address", {wish}, true};
  const bool address =
      !wish.empty() && wish.find_first_not_of("0123456789abcdefABCDEF.:") == std::string::npos;
  if (address) return BindMode{"address", {wish}, wish.starts_with("127.")};
  return fail(Errc::invalid_request, "gateway.bind is '{}'; use loopback, lan, auto or an address",
              wish);
}

// Files of other versions name modes that are not there yet. They listen where nobody else can
// reach them, loudly, instead of not at all.
Result<BindMode> bind_of_file(const config::Config& config) {
  const auto wish = config.text("gateway.bind");
  const auto host = wish == "custom" ? config.text("gateway.customBindHost") : std::string();
  if (!host.empty()) return bind_mode(host);
  if (wish != "custom" && wish != "tailnet" && wish != "tailscale" && wish != "ts")
    return bind_mode(wish);
  kLog.warn("gateway.bind is not possible yet; listening on loopback only", {{"bind", wish}});
  return bind_mode("loopback");
}

// The file, else a variable of the environment.
std::string file_or_variable(const Plan& plan, std::string_view key) {
  if (plan.config.has(key)) return plan.config.text(key);
  return config::spoken_for(key, plan.environment).value_or("");
}

Status plan_auth(Plan& plan, const Options& options) {
  const auto& config = plan.config;
  plan.token =
      !options.token.empty() ? options.token : file_or_variable(plan, "gateway.auth.token");
  plan.password = file_or_variable(plan, "gateway.auth.password");
  plan.token = std::string(trim(plan.token));
  plan.password = std::string(trim(plan.password));
  const auto mode = config.text("gateway.auth.mode");
  plan.auth_mode = mode == "none"       ? rpc::AuthMode::none
                   : mode == "password" ? rpc::AuthMode::password
                   : mode.empty() && plan.token.empty() && !plan.password.empty()
                       ? rpc::AuthMode::password
                       : rpc::AuthMode::token;
  if (plan.auth_mode == rpc::AuthMode::password && plan.password.empty())
    return fail(Errc::invalid_request,
                "gateway.auth.mode is password, but there is none: set gateway.auth.password or "
                "CARAPACE_GATEWAY_PASSWORD");
  if (plan.auth_mode == rpc::AuthMode::none && !plan.loopback_only)
    return fail(
        Errc::invalid_request,
        "refusing to listen beyond this machine without a credential: set gateway.auth.token");
  return {};
}

// The command line, else the environment, else the configuration.
Result<std::uint16_t> wished_port(const Options& options, const Plan& plan) {
  if (options.port) return static_cast<std::uint16_t>(*options.port);
  const auto text = config::spoken_for("gateway.port", plan.environment).value_or("");
  if (text.empty()) return static_cast<std::uint16_t>(plan.config.integer("gateway.port"));
  std::uint16_t port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    return fail(Errc::invalid_request,
                "CARAPACE_GATEWAY_PORT is '{}', which is no port: use a number up to 65535", text);
  return port;
}

Status plan_network(Plan& plan, const Options& options) {
  const auto& config = plan.config;
  TRY(auto bind, options.bind.empty() ? bind_of_file(config) : bind_mode(options.bind));
  plan.addresses = std::move(bind.addresses);
  plan.loopback_only = bind.loopback;
  TRY(plan.port, wished_port(options, plan));
  plan.allowed_origins = config.list("gateway.controlUi.allowedOrigins");
  plan.chat_completions = config.has("gateway.http.endpoints.chatCompletions.enabled")
                              ? config.flag("gateway.http.endpoints.chatCompletions.enabled")
                              : plan.loopback_only;
  plan.browser_app = config.flag("gateway.controlUi.enabled");
  plan.base_path = config.text("gateway.controlUi.basePath");
  while (plan.base_path.ends_with('/')) plan.base_path.pop_back();
  if (!plan.base_path.empty() && !plan.base_path.starts_with('/')) plan.base_path.insert(0, "/");
  return plan_auth(plan, options);
}

provider::ModelInfo model_info(const std::string& provider, const json::object& object) {
  provider::ModelInfo model;
  model.provider = provider;
  model.id = string_or(object, "id", "");
  model.name = string_or(object, "name", model.id);
  model.context_window = find_int(object, "contextWindow").value_or(0);
  model.max_output = find_int(object, "maxTokens").value_or(0);
  model.reasoning = find_bool(object, "reasoning").value_or(false);
  if (const auto* input = find_array(object, "input"))
    model.images = std::ranges::any_of(
        *input, [](const json::value& v) { return v.is_string() && v.get_string() == "image"; });
  if (const auto* compat = find_object(object, "compat"))
    model.compat = {string_or(*compat, "maxTokensField", ""),
                    find_bool(*compat, "supportsDeveloperRole"),
                    find_bool(*compat, "supportsReasoningEffort")};
  if (const auto* cost = find_object(object, "cost"))
    model.price = {find_number(*cost, "input").value_or(0),
                   find_number(*cost, "output").value_or(0),
                   find_number(*cost, "cacheRead").value_or(0),
                   find_number(*cost, "cacheWrite").value_or(0), true};
  return model;
}

std::optional<std::int64_t> milliseconds(const json::object& object, std::string_view key) {
  const auto seconds = find_number(object, key);
  if (!seconds || *seconds <= 0) return std::nullopt;
  return static_cast<std::int64_t>(*seconds * 1'000 + 0.5);
}

provider::Timeouts timeouts_in(const json::object& object) {
  const auto* timeouts = find_object(object, "timeouts");
  if (!timeouts) return {};
  return {milliseconds(*timeouts, "connectSeconds"), milliseconds(*timeouts, "firstByteSeconds"),
          milliseconds(*timeouts, "idleSeconds"), milliseconds(*timeouts, "totalSeconds")};
}

provider::ProviderConfig provider_config(const std::string& id, const json::object& object) {
  provider::ProviderConfig provider;
  provider.id = id;
  provider.base_url = string_or(object, "baseUrl", "");
  while (provider.base_url.ends_with('/')) provider.base_url.pop_back();
  provider.api_key = string_or(object, "apiKey", "");
  provider.api = string_or(object, "api", "");
  provider.api_version = string_or(object, "apiVersion", "");
  provider.timeouts = timeouts_in(object);
  if (const auto* headers = find_object(object, "headers")) {
    for (const auto& [name, value] : *headers)
      if (value.is_string())
        provider.headers.push_back(
            {to_lower(name), std::string(std::string_view(value.get_string()))});
  }
  if (const auto* models = find_array(object, "models")) {
    for (const auto& item : *models)
      if (item.is_object()) provider.models.push_back(model_info(id, item.get_object()));
  }
  return provider;
}

void plan_models(Plan& plan) {
  plan.primary_model = plan.config.text("agents.defaults.model.primary");
  if (const auto* providers = plan.config.object("models.providers")) {
    for (const auto& [id, value] : *providers)
      if (value.is_object())
        plan.providers.push_back(provider_config(to_lower(id), value.get_object()));
  }
  if (const auto* models = plan.config.object("models")) plan.timeouts = timeouts_in(*models);
  // A run that may take longer than the rows expect may do so in one answer.
  constexpr std::int64_t kUsual = 600;
  const auto run_seconds = plan.config.integer("agents.defaults.timeoutSeconds");
  if (!plan.timeouts.total_ms && run_seconds > kUsual) plan.timeouts.total_ms = run_seconds * 1'000;
  if (plan.config.has("models.budget.dailyUsd"))
    plan.ledger.daily_cap_micros =
        static_cast<std::int64_t>(plan.config.number("models.budget.dailyUsd") * 1e6 + 0.5);
}

std::string time_zone(const config::Environment& environment) {
  if (auto zone = environment.get("TZ")) return *zone;
  std::array<char, 512> target{};
  const auto length = ::readlink("/etc/localtime", target.data(), target.size() - 1);
  const std::string_view path(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  const auto at = path.find("zoneinfo/");
  return at == std::string_view::npos ? "UTC" : std::string(path.substr(at + 9));
}

void plan_agent(Plan& plan) {
  const auto& config = plan.config;
  plan.agent.max_model_calls = config.integer("agents.defaults.maxTurns");
  plan.agent.timeout_ms = config.integer("agents.defaults.timeoutSeconds") * 1'000;
  plan.agent.thinking_default = config.text("agents.defaults.thinkingDefault");
  plan.agent.verbose_default = config.text("agents.defaults.verboseDefault") == "on";
  plan.agent.context_tokens = config.has("agents.defaults.contextTokens")
                                  ? config.integer("agents.defaults.contextTokens")
                                  : 0;
  utsname system{};
  if (::uname(&system) == 0) {
    plan.agent.host = system.nodename;
    plan.agent.os = fmt::format("{} ({})", system.sysname, system.machine);
  }
  plan.agent.version = kVersion;
  plan.agent.time_zone = time_zone(plan.environment);
  plan.web_fetch = config.flag("tools.web.fetch.enabled");
  plan.private_hosts = config.list("tools.web.fetch.allowPrivateHosts");
  plan.fetch_max_bytes = static_cast<std::size_t>(config.integer("tools.web.fetch.maxBytes"));
  plan.fetch_timeout_ms = config.integer("tools.web.fetch.timeoutSeconds") * 1'000;
}

void plan_log(Plan& plan, const Options& options) {
  const auto& config = plan.config;
  plan.log.level = options.verbose
                       ? log::Level::debug
                       : log::level_from(config.text("logging.level"), log::Level::info);
  if (const auto* levels = config.object("logging.levels")) {
    for (const auto& [name, level] : *levels)
      if (level.is_string())
        plan.log.subsystems[std::string(name)] =
            log::level_from(std::string_view(level.get_string()), plan.log.level);
  }
  plan.log.console =
      config.text("logging.consoleStyle") == "json" ? log::Style::json : log::Style::plain;
  if (!options.verbose)
    plan.log.console_level =
        log::level_from(config.text("logging.consoleLevel"), log::Level::trace);
  plan.log.colour = use_colour(2, plan.environment.get("NO_COLOR").has_value());
  plan.log.file = config.has("logging.file") ? config.file_path("logging.file")
                                             : plan.place.state_dir + "/logs/carapace.log";
}

// A name that leads to no model at all would stop the next start.
Status check_model(const Plan& plan) {
  const auto choice = make_catalogue(plan).pick_default(plan.primary_model, std::nullopt);
  if (!choice)
    return fail(choice.error().code, "agents.defaults.model.primary: {}", choice.error().detail);
  return {};
}

}  // namespace

std::string Plan::local_url(std::string_view scheme) const {
  auto host = addresses.front();
  if (host == "0.0.0.0" || host == "::") host = "127.0.0.1";
  return fmt::format("{}://{}:{}", scheme, host.contains(':') ? "[" + host + "]" : host, port);
}

Status check_bind(const std::string& mode) {
  TRY(const auto known, bind_mode(mode));
  (void)known;
  return {};
}

void open_log(const Plan& plan) {
  const auto slash = plan.log.file.rfind('/');
  // When it cannot be made, opening the file says why.
  if (slash != std::string::npos && slash > 0) (void)fs::ensure_dir(plan.log.file.substr(0, slash));
  log::configure(plan.log);
}

Result<Place> find_place(const Options& options, const config::Environment& environment) {
  TRY(const auto paths,
      config::resolve_paths(environment, {options.state_dir, options.config_file}));
  return Place{.state_dir = paths.state_dir,
               .config_path = paths.config_file,
               .config_named = paths.config_named,
               .inherited = paths.inherited};
}

Result<Plan> plan_of(const Options& options, const Place& place, config::Config config) {
  auto environment = config.environment();
  Plan plan{.place = place, .config = std::move(config), .environment = std::move(environment)};
  TRY_STATUS(plan_network(plan, options));
  plan_models(plan);
  plan_agent(plan);
  plan_log(plan, options);
  TRY_STATUS(check_model(plan));
  return plan;
}

}  // namespace carapace::app
