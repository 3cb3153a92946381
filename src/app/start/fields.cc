#include "app/start/fields.h"

#include "config/fields.h"

namespace carapace::app {

const config::Schema& schema() {
  static const config::Schema kSchema{config::builtin_fields()};
  return kSchema;
}

}  // namespace carapace::app
