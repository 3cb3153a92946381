// How parsed files are laid over one another. Inside config/read/ only. Pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "config/json5.h"

namespace carapace::config {

// Objects merge key by key, lists follow one another, of anything else the later one stays.
void merge_over(Json5Node& base, Json5Node&& over);

// Of equal keys in one object the last value stays, in the place of the first, as everywhere in
// JavaScript. Tells of each key that went.
struct Repeated {
  std::string key;
  std::size_t begin;  // of the later key
};
void drop_repeated(Json5Node& object, std::vector<Repeated>& repeated);

}  // namespace carapace::config
