// Keeps the memory of this process out of core dumps and away from other processes of the same
// user: opened secrets lie there. RLIMIT_CORE would not do: it is passed over where the kernel
// hands dumps to a program. Price: debuggers and the /proc files of this process need root. Not in
// builds with a sanitizer, whose leak check traces its own process.
#pragma once

namespace carapace::secret {

// Once, at the start of a gateway, before anything is opened. No effect where the system has no
// such thing.
void keep_out_of_dumps();

}  // namespace carapace::secret
