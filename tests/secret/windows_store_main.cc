// The Windows Credential Manager held to the contract of a store: built alone with its own file,
// for Windows, and run under Wine (tests/secret/windows_store). Exit code 0: it keeps the contract.
#include <cstdio>
#include <cstdlib>

#include "secret/hash.h"
#include "secret/store/rows.h"
#include "secret/store_contract.h"

namespace carapace {

void check_failed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
  std::abort();
}

namespace secret {
// The one of the house needs OpenSSL; nobody listens to this test.
bool constant_time_equal(std::string_view a, std::string_view b) { return a == b; }
}  // namespace secret
}  // namespace carapace

int main() {
  using namespace carapace;
  auto store = secret::open_credential_manager({});
  if (!store) {
    std::puts(store.error().detail.c_str());
    return 1;
  }
  std::vector<std::string> broken;
  test::hold_to_contract(**store, broken);
  for (const auto& sentence : broken) std::printf("broken: %s\n", sentence.c_str());
  std::printf("%zu sentences of the contract do not hold\n", broken.size());
  return broken.empty() ? 0 : 1;
}
