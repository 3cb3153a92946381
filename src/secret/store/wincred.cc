// The Windows Credential Manager (wincred.h): generic credentials with the target
// `carapace:kind:agentId:id` and the user `carapace`. One of them holds 2,560 bytes at most, so a
// longer value lies in several: `<target>#0.1`, `<target>#0.2` … hold the rest, and the comment of
// the first one says how many there are and of which generation (0 or 1).
#if defined(_WIN32)
#include <windows.h>
// after windows.h, which it needs
#include <wincred.h>

#include <algorithm>
#include <utility>

#include "secret/store/rows.h"

namespace carapace::secret {
namespace {

constexpr std::size_t kPartBytes = CRED_MAX_CREDENTIAL_BLOB_SIZE;

Result<std::wstring> wide(const std::string& text) {
  if (text.empty()) return std::wstring();
  const int bytes = static_cast<int>(text.size());
  const int length =
      MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), bytes, nullptr, 0);
  if (length <= 0) return store_fail(StoreFault::io, "the name is no UTF-8 text");
  std::wstring out(static_cast<std::size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), bytes, out.data(), length);
  return out;
}

std::unexpected<Error> failed(DWORD code, const std::string& account) {
  const auto why = "Windows says " + std::to_string(code);
  switch (code) {
    case ERROR_NOT_FOUND:
      return store_fail(StoreFault::not_found, account + " is not in the Credential Manager");
    case ERROR_NO_SUCH_LOGON_SESSION:
      return store_fail(StoreFault::store_unavailable,
                        why +
                            ": this session has no credentials; log in, or choose "
                            "CARAPACE_CREDENTIAL_STORE=file");
    case ERROR_ACCESS_DENIED: return store_fail(StoreFault::access_denied, why);
    default: return store_fail(StoreFault::io, why);
  }
}

// How the rest of a value is named. A change writes its parts beside those in use and switches with
// the first one, so that nobody ever reads half of each.
struct Layout {
  std::size_t parts = 1;
  std::size_t generation = 0;  // 0 or 1
};

std::wstring part_name(const std::wstring& target, const Layout& layout, std::size_t part) {
  if (part == 0) return target;
  return target + L"#" + std::to_wstring(layout.generation) + L"." + std::to_wstring(part);
}

struct Part {
  Sealed bytes;
  Layout layout;
};

Layout read_layout(const wchar_t* comment) {
  wchar_t* rest = nullptr;
  const long parts = std::wcstol(comment, &rest, 10);
  constexpr long kMost = static_cast<long>(kMaxValueBytes / kPartBytes) + 1;
  return {static_cast<std::size_t>(std::clamp<long>(parts, 1, kMost)),
          std::wcstol(rest, nullptr, 10) == 1 ? 1U : 0U};
}

Result<Part> read_part(const std::wstring& target, const std::string& account) {
  PCREDENTIALW found = nullptr;
  if (!CredReadW(target.c_str(), CRED_TYPE_GENERIC, 0, &found))
    return failed(GetLastError(), account);
  Part part;
  part.bytes = Sealed(
      std::string(reinterpret_cast<const char*>(found->CredentialBlob), found->CredentialBlobSize));
  if (found->Comment) part.layout = read_layout(found->Comment);
  if (found->CredentialBlob) SecureZeroMemory(found->CredentialBlob, found->CredentialBlobSize);
  CredFree(found);
  return part;
}

Status write_part(const std::wstring& target, std::string_view bytes, const Layout& layout,
                  const std::string& account) {
  auto name = target;
  std::wstring user = L"carapace";
  auto comment = std::to_wstring(layout.parts) + L" " + std::to_wstring(layout.generation);
  CREDENTIALW credential{};
  credential.Type = CRED_TYPE_GENERIC;
  credential.TargetName = name.data();
  credential.UserName = user.data();
  credential.Comment = comment.data();
  credential.Persist = CRED_PERSIST_LOCAL_MACHINE;
  credential.CredentialBlobSize = static_cast<DWORD>(bytes.size());
  credential.CredentialBlob = reinterpret_cast<LPBYTE>(const_cast<char*>(bytes.data()));
  if (!CredWriteW(&credential, 0)) return failed(GetLastError(), account);
  return {};
}

class CredentialManager final : public Store {
 public:
  Result<Sealed> get(const std::string& service, const std::string& account) override {
    TRY(const auto target, wide(service + ":" + account));
    TRY(auto first, read_part(target, account));
    std::string whole;
    whole.reserve(kMaxValueBytes + kPartBytes);  // once: growing would leave copies
    whole += first.bytes.reveal();
    for (std::size_t part = 1; part < first.layout.parts; ++part) {
      auto next = read_part(part_name(target, first.layout, part), account);
      if (!next) {
        wipe(whole);
        return store_fail(StoreFault::io, "a part of " + account + " is missing: set it again");
      }
      whole += next->bytes.reveal();
    }
    return Sealed(std::move(whole));
  }

  Status set(const std::string& service, const std::string& account, const Sealed& value) override {
    TRY(const auto target, wide(service + ":" + account));
    const auto before = read_part(target, account);
    const auto bytes = value.reveal();
    const Layout layout{std::max<std::size_t>(1, (bytes.size() + kPartBytes - 1) / kPartBytes),
                        before ? 1 - before->layout.generation : 0};
    for (std::size_t part = layout.parts; part-- > 0;)
      TRY_STATUS(write_part(part_name(target, layout, part),
                            bytes.substr(part * kPartBytes, kPartBytes), layout, account));
    if (before) erase_rest(target, before->layout);
    return {};
  }

  Status remove(const std::string& service, const std::string& account) override {
    TRY(const auto target, wide(service + ":" + account));
    TRY(const auto first, read_part(target, account));
    if (!CredDeleteW(target.c_str(), CRED_TYPE_GENERIC, 0)) return failed(GetLastError(), account);
    erase_rest(target, first.layout);
    return {};
  }

 private:
  static void erase_rest(const std::wstring& target, const Layout& layout) {
    for (std::size_t part = 1; part < layout.parts; ++part)
      CredDeleteW(part_name(target, layout, part).c_str(), CRED_TYPE_GENERIC, 0);
  }
};

}  // namespace

Result<std::unique_ptr<Store>> open_credential_manager(const StorePlace&) {
  return std::make_unique<CredentialManager>();
}

}  // namespace carapace::secret
#endif
