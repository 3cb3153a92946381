// The keychain of a macOS user, by Security.framework: generic passwords. It never asks on the
// screen (kSecUseAuthenticationUIFail): what would need a person is StoreLocked or AccessDenied.
#if defined(__APPLE__)
#include <CoreFoundation/CoreFoundation.h>
#include <Security/Security.h>

#include <utility>

#include "secret/store/rows.h"

namespace carapace::secret {
namespace {

template <typename T>
class Held {
 public:
  explicit Held(T object = nullptr) : object_(object) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    if (object_) CFRelease(object_);
  }
  T get() const { return object_; }
  T* out() { return &object_; }

 private:
  T object_;
};

CFStringRef text_of(const std::string& text) {
  return CFStringCreateWithBytes(kCFAllocatorDefault, reinterpret_cast<const UInt8*>(text.data()),
                                 static_cast<CFIndex>(text.size()), kCFStringEncodingUTF8, false);
}

std::unexpected<Error> failed(OSStatus status, const std::string& account) {
  const Held words(SecCopyErrorMessageString(status, nullptr));
  std::string why = "code " + std::to_string(status);
  char buffer[256];
  if (words.get() && CFStringGetCString(words.get(), buffer, sizeof buffer, kCFStringEncodingUTF8))
    why = buffer;
  switch (status) {
    case errSecItemNotFound:
      return store_fail(StoreFault::not_found, account + " is not in the keychain");
    case errSecInteractionNotAllowed:
    case errSecInteractionRequired:
      return store_fail(StoreFault::store_locked,
                        why + "; unlock it with `security unlock-keychain` and try again");
    case errSecAuthFailed:
    case errSecUserCanceled:
    case errSecMissingEntitlement:
      return store_fail(StoreFault::access_denied,
                        why + "; allow carapace in the Keychain Access program");
    case errSecNotAvailable:
    case errSecNoDefaultKeychain:
    case errSecNoSuchKeychain:
      return store_fail(StoreFault::store_unavailable,
                        why + "; or choose CARAPACE_CREDENTIAL_STORE=file");
    default: return store_fail(StoreFault::io, why);
  }
}

class Query {
 public:
  Query(const std::string& service, const std::string& account)
      : service_(text_of(service)),
        account_(text_of(account)),
        query_(CFDictionaryCreateMutable(kCFAllocatorDefault, 0, &kCFTypeDictionaryKeyCallBacks,
                                         &kCFTypeDictionaryValueCallBacks)) {
    put(kSecClass, kSecClassGenericPassword);
    put(kSecAttrService, service_.get());
    put(kSecAttrAccount, account_.get());
    put(kSecUseAuthenticationUI, kSecUseAuthenticationUIFail);
  }
  // A name that is no UTF-8 text has no string.
  bool ok() const { return service_.get() && account_.get() && query_.get(); }
  void put(CFStringRef key, CFTypeRef value) {
    if (query_.get() && value) CFDictionarySetValue(query_.get(), key, value);
  }
  CFDictionaryRef get() const { return query_.get(); }

 private:
  Held<CFStringRef> service_;
  Held<CFStringRef> account_;
  Held<CFMutableDictionaryRef> query_;
};

std::unexpected<Error> bad_name() {
  return store_fail(StoreFault::io, "the name is no UTF-8 text");
}

class KeychainStore final : public Store {
 public:
  Result<Sealed> get(const std::string& service, const std::string& account) override {
    Query query(service, account);
    if (!query.ok()) return bad_name();
    query.put(kSecReturnData, kCFBooleanTrue);
    query.put(kSecMatchLimit, kSecMatchLimitOne);
    Held<CFTypeRef> found;
    if (const auto status = SecItemCopyMatching(query.get(), found.out()); status != errSecSuccess)
      return failed(status, account);
    const auto data = static_cast<CFDataRef>(found.get());
    return Sealed(std::string(reinterpret_cast<const char*>(CFDataGetBytePtr(data)),
                              static_cast<std::size_t>(CFDataGetLength(data))));
  }

  Status set(const std::string& service, const std::string& account, const Sealed& value) override {
    Query query(service, account);
    if (!query.ok()) return bad_name();
    const auto bytes = value.reveal();
    const Held data(CFDataCreate(kCFAllocatorDefault, reinterpret_cast<const UInt8*>(bytes.data()),
                                 static_cast<CFIndex>(bytes.size())));
    const Held change(CFDictionaryCreateMutable(
        kCFAllocatorDefault, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks));
    CFDictionarySetValue(change.get(), kSecValueData, data.get());
    auto status = SecItemUpdate(query.get(), change.get());
    if (status == errSecItemNotFound) {
      Query fresh(service, account);
      fresh.put(kSecValueData, data.get());
      fresh.put(kSecAttrAccessible, kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly);
      status = SecItemAdd(fresh.get(), nullptr);
    }
    if (status != errSecSuccess) return failed(status, account);
    return {};
  }

  Status remove(const std::string& service, const std::string& account) override {
    const Query query(service, account);
    if (!query.ok()) return bad_name();
    if (const auto status = SecItemDelete(query.get()); status != errSecSuccess)
      return failed(status, account);
    return {};
  }
};

}  // namespace

Result<std::unique_ptr<Store>> open_keychain(const StorePlace&) {
  return std::make_unique<KeychainStore>();
}

}  // namespace carapace::secret
#endif
