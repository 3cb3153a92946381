#include "secret/no_dump.h"

#if defined(__linux__)
#include <sys/prctl.h>
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
}

}  // namespace carapace::secret
