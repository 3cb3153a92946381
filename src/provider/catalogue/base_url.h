// Where a provider's base URL leads: to this house or out of it. Pure; the address itself is not
// asked for, so a public name that leads to a private address counts as public.
#pragma once

#include <string_view>

namespace carapace::provider {

// This machine, an address of a private network, or a name that only such a network knows. An
// account on such a server costs nothing.
bool is_private_url(std::string_view url);

// https, or http to such a host: what a key may be sent to.
bool is_safe_base_url(std::string_view url);

}  // namespace carapace::provider
