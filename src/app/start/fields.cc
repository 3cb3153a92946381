#include "app/start/fields.h"

#include "agent/fields.h"
#include "config/read/fields.h"
#include "extensions/ancestor/fields.h"
#include "extensions/older_names.h"
#include "extensions/tools/fields.h"
#include "gateway/fields.h"
#include "ledger/fields.h"
#include "log/fields.h"
#include "provider/fields.h"
#include "session/fields.h"

namespace carapace::app {

// What is in use stands first: of two rows with one path the first counts.
const config::Schema& schema() {
  static const config::Schema kSchema{
      {
          gateway::fields(),
          log::fields(),
          agent::fields(),
          provider::fields(),
          ledger::fields(),
          tools::fields(),
          session::fields(),
          config::reading_fields(),
          ancestor::gateway_fields(),
          ancestor::agents_fields(),
          ancestor::session_fields(),
          ancestor::messages_fields(),
          ancestor::models_fields(),
          ancestor::tools_fields(),
          ancestor::media_fields(),
          ancestor::hooks_fields(),
          ancestor::general_fields(),
          ancestor::channels_fields(),
          ancestor::single_channel_fields(),
          ancestor::renamed_fields(),
      },
      extensions::older_names(),
  };
  return kSchema;
}

}  // namespace carapace::app
