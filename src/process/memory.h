// Memory of this process as a whole.
#pragma once

namespace carapace::process {

// Gives memory that was freed back to the system, where the C library keeps it for later. After
// something that takes much and comes seldom, such as reading a configuration. Under a millisecond
// for a heap of a few megabytes; any thread.
void give_back_memory();

}  // namespace carapace::process
