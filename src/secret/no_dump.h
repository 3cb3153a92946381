// Keeps the memory of this process out of core dumps and away from other processes of the same
// user: opened secrets lie there. The limit of core files becomes the least one as well, which the
// programs that print secrets inherit. Price: debuggers and the /proc files of this process need
// root. The first part is not in builds with a sanitizer, whose leak check traces its own process.
#pragma once

namespace carapace::secret {

// Once, at the start of a gateway, before anything is opened. No effect where the system has no
// such thing.
void keep_out_of_dumps();

}  // namespace carapace::secret
