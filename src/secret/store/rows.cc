#include "secret/store/rows.h"

#include <algorithm>
#include <array>

namespace carapace::secret {
namespace {

constexpr std::array kRows{
#if defined(__APPLE__)
    StoreRow{"keychain", "the keychain of this user", true, open_keychain},
#elif defined(_WIN32)
    StoreRow{"credential-manager", "the Windows Credential Manager", true, open_credential_manager},
#else
    StoreRow{"secret-service", "the Secret Service of this desktop session", true,
             open_secret_service},
#endif
    StoreRow{"file", "an encrypted file in the state folder", false, open_file_store},
};

}  // namespace

std::span<const StoreRow> store_rows() { return kRows; }

const StoreRow* store_row(std::string_view id) {
  const auto found = std::ranges::find(kRows, id, &StoreRow::id);
  return found == kRows.end() ? nullptr : &*found;
}

}  // namespace carapace::secret
