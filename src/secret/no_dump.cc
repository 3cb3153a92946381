#include "secret/no_dump.h"

#if defined(__linux__)
#include <sys/prctl.h>
#endif
#if !defined(_WIN32)
#include <sys/resource.h>
#endif

namespace carapace::secret {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CARAPACE_TRACES_ITSELF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define CARAPACE_TRACES_ITSELF 1
#endif
#endif

void keep_out_of_dumps() {
#if defined(__linux__) && !defined(CARAPACE_TRACES_ITSELF)
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
#if !defined(_WIN32)
  // With 1 the kernel gives nothing to a program that takes dumps either.
  rlimit cores{};
  if (::getrlimit(RLIMIT_CORE, &cores) != 0 || cores.rlim_max == 0) return;
  cores.rlim_cur = 1;
  ::setrlimit(RLIMIT_CORE, &cores);
#endif
}

}  // namespace carapace::secret
