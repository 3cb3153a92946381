// libsecret and what it needs of GLib as a table of functions, loaded at the first use: most
// gateways never ask a keyring, and GLib is large. Private to secret/store/.
#pragma once

#include <libsecret/secret.h>

#include "base/error.h"

namespace carapace::secret {

// Every function is used in secret_service.cc; their prototypes are those of the headers.
#define CARAPACE_LIBSECRET_FUNCTIONS(USE)  \
  USE(g_bus_get_sync)                      \
  USE(g_cancellable_cancel)                \
  USE(g_cancellable_new)                   \
  USE(g_dbus_connection_set_exit_on_close) \
  USE(g_dbus_error_quark)                  \
  USE(g_error_free)                        \
  USE(g_hash_table_insert)                 \
  USE(g_hash_table_new)                    \
  USE(g_hash_table_unref)                  \
  USE(g_io_error_quark)                    \
  USE(g_list_free_full)                    \
  USE(g_object_unref)                      \
  USE(g_str_equal)                         \
  USE(g_str_hash)                          \
  USE(secret_collection_for_alias_sync)    \
  USE(secret_collection_get_locked)        \
  USE(secret_collection_search_sync)       \
  USE(secret_error_get_quark)              \
  USE(secret_item_create_sync)             \
  USE(secret_item_delete_sync)             \
  USE(secret_item_get_secret)              \
  USE(secret_item_load_secret_sync)        \
  USE(secret_service_get_type)             \
  USE(secret_service_open_sync)            \
  USE(secret_value_get)                    \
  USE(secret_value_new)                    \
  USE(secret_value_unref)

struct Libsecret {
#define CARAPACE_FUNCTION_MEMBER(name) decltype(&::name) name = nullptr;
  CARAPACE_LIBSECRET_FUNCTIONS(CARAPACE_FUNCTION_MEMBER)
#undef CARAPACE_FUNCTION_MEMBER
};

// Stays loaded until the process ends. StoreUnavailable with the loader's words when it is missing.
Result<const Libsecret*> load_libsecret();

}  // namespace carapace::secret
