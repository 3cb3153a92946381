#include "process/memory.h"

#include <stdlib.h>  // defines __GLIBC__ where it is one

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace carapace::process {

void give_back_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace carapace::process
