#include "provider/stack/unlock.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "async/coro.h"

namespace carapace::provider {
namespace {

using config::SecretOpener;

// Whatever is in the way, the same call does not go better a second later: the key is missing until
// somebody does something. Who opens secrets gives up by itself only at the end of the gateway:
// then the turn ends as the others do.
Error no_key(Error error, const Stop& stop) {
  if (error.code == Errc::cancelled) stop.request("shutdown");
  error.code = Errc::unauthorized;
  error.detail += "; it is tried again at the next message";
  return error;
}

std::string header_path(const Settings& settings, std::string_view name) {
  return fmt::format("models.providers.{}.headers.{}", settings.id, name);
}

class Unlock final : public Provider {
 public:
  Unlock(const Spec& spec, Settings settings, const Ports& ports, SecretOpener& secrets)
      : spec_(spec), settings_(std::move(settings)), ports_(ports), secrets_(secrets) {}

  Task<Result<Completion>> complete(const Request& request, EventSink& events,
                                    const CallContext& context) override {
    auto vendor = vendor_;  // held: another call may let go of it meanwhile
    if (!vendor) {
      auto opened = settings_;
      CO_TRY_STATUS(co_await open_settings(opened, secrets_, context.stop));
      if (!vendor_) vendor_ = spec_.make(opened, ports_);
      vendor = vendor_;
    }
    auto answer = co_await vendor->complete(request, events, context);
    if (!answer && answer.error().code == Errc::unauthorized && vendor == vendor_) {
      vendor_.reset();
      secrets_.forget(settings_.api_key);
      for (const auto& header : settings_.headers) secrets_.forget(header.value);
    }
    co_return answer;
  }

 private:
  const Spec& spec_;
  Settings settings_;  // with the references, as written
  Ports ports_;
  SecretOpener& secrets_;
  std::shared_ptr<Provider> vendor_;
};

}  // namespace

bool has_references(const Settings& settings) {
  return SecretOpener::is_reference(settings.api_key) ||
         std::ranges::any_of(settings.headers, [](const net::Header& header) {
           return SecretOpener::is_reference(header.value);
         });
}

Task<Status> open_settings(Settings& settings, SecretOpener& secrets, Stop stop) {
  if (SecretOpener::is_reference(settings.api_key)) {
    auto key = co_await secrets.open(settings.api_key, settings.key_path, stop);
    if (!key) co_return std::unexpected(no_key(key.error(), stop));
    settings.api_key = std::string(key->reveal());
  }
  for (auto& header : settings.headers) {
    if (!SecretOpener::is_reference(header.value)) continue;
    auto value = co_await secrets.open(header.value, header_path(settings, header.name), stop);
    if (!value) co_return std::unexpected(no_key(value.error(), stop));
    header.value = std::string(value->reveal());
  }
  co_return Status{};
}

std::unique_ptr<Provider> make_unlock(const Spec& spec, Settings settings, const Ports& ports,
                                      SecretOpener& secrets) {
  if (!has_references(settings)) return spec.make(settings, ports);
  return std::make_unique<Unlock>(spec, std::move(settings), ports, secrets);
}

}  // namespace carapace::provider
