#if defined(__linux__)
#include "secret/store/libsecret.h"

#include <dlfcn.h>

#include <utility>

#include "secret/store/contract.h"

namespace carapace::secret {
namespace {

Result<Libsecret> load() {
  void* library = ::dlopen("libsecret-1.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return store_fail(StoreFault::store_unavailable,
                      "libsecret is not installed (Debian package libsecret-1-0)");
  Libsecret table;
  std::string missing;
#define CARAPACE_FIND_FUNCTION(name)                                            \
  table.name = reinterpret_cast<decltype(table.name)>(::dlsym(library, #name)); \
  if (table.name == nullptr) missing = #name;
  CARAPACE_LIBSECRET_FUNCTIONS(CARAPACE_FIND_FUNCTION)
#undef CARAPACE_FIND_FUNCTION
  if (!missing.empty())
    return store_fail(StoreFault::store_unavailable, "libsecret lacks the function " + missing);
  return table;
}

}  // namespace

Result<const Libsecret*> load_libsecret() {
  static const auto kLoaded = load();  // once in a process, whichever thread comes first
  if (!kLoaded) return std::unexpected(kLoaded.error());
  return &*kLoaded;
}

}  // namespace carapace::secret
#endif
