// Which credential stores this build knows, and which one is used. The store of the platform where
// it answers, else an encrypted file; never in the clear. Whoever asks is told which one it is, and
// an entry is only looked for where it was put.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/random.h"
#include "secret/store/contract.h"

namespace carapace::secret {

struct StorePlace {
  std::string folder;  // `<state>/credentials`; made when something is put there
  Sealed password;     // CARAPACE_CONFIG_PASSWORD; may be empty
  Random* random = nullptr;
  std::stop_token stop = {};  // calls that wait for somebody else end soon once it is requested
};

struct StoreRow {
  std::string_view id;
  std::string_view label;
  bool of_platform;  // asked first
  // Store_unavailable when it is not there: without a desktop session, for example.
  Result<std::unique_ptr<Store>> (*open)(const StorePlace& place);
};
std::span<const StoreRow> store_rows();
const StoreRow* store_row(std::string_view id);  // nullptr when this build has none of that name

// Private to this folder: what the rows are made of.
Result<std::unique_ptr<Store>> open_secret_service(const StorePlace& place);
Result<std::unique_ptr<Store>> open_keychain(const StorePlace& place);
Result<std::unique_ptr<Store>> open_credential_manager(const StorePlace& place);
Result<std::unique_ptr<Store>> open_file_store(const StorePlace& place);

// How the encrypted file is locked, for people.
std::string file_store_key_in_words(const StorePlace& place);

}  // namespace carapace::secret
