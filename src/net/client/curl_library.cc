#include "net/client/curl_library.h"

#include <dlfcn.h>

namespace carapace::net {

namespace {

#if defined(__APPLE__)
constexpr const char* kNames[] = {"libcurl.4.dylib", "/usr/lib/libcurl.4.dylib"};
#else
constexpr const char* kNames[] = {"libcurl.so.4"};
#endif

void* open_library() {
  for (const char* name : kNames)
    if (void* handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) return handle;
  return nullptr;
}

template <typename F>
bool find_function(void* library, const char* name, F& out) {
  out = reinterpret_cast<F>(::dlsym(library, name));
  return out != nullptr;
}

}  // namespace

Result<CurlLibrary> load_curl() {
  void* library = open_library();
  if (library == nullptr) {
    const char* why = ::dlerror();
    return fail(Errc::unavailable, "libcurl cannot be loaded (Debian package libcurl4): {}",
                why ? why : "not found");
  }
  CurlLibrary curl;
  const bool complete =
      find_function(library, "curl_global_init", curl.global_init) &&
      find_function(library, "curl_version_info", curl.version_info) &&
      find_function(library, "curl_easy_init", curl.easy_init) &&
      find_function(library, "curl_easy_cleanup", curl.easy_cleanup) &&
      find_function(library, "curl_easy_setopt", curl.easy_setopt) &&
      find_function(library, "curl_easy_getinfo", curl.easy_getinfo) &&
      find_function(library, "curl_easy_strerror", curl.easy_strerror) &&
      find_function(library, "curl_multi_init", curl.multi_init) &&
      find_function(library, "curl_multi_cleanup", curl.multi_cleanup) &&
      find_function(library, "curl_multi_setopt", curl.multi_setopt) &&
      find_function(library, "curl_multi_add_handle", curl.multi_add_handle) &&
      find_function(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
      find_function(library, "curl_multi_socket_action", curl.multi_socket_action) &&
      find_function(library, "curl_multi_info_read", curl.multi_info_read) &&
      find_function(library, "curl_multi_strerror", curl.multi_strerror) &&
      find_function(library, "curl_slist_append", curl.slist_append) &&
      find_function(library, "curl_slist_free_all", curl.slist_free_all);
  if (!complete) {
    const char* why = ::dlerror();
    return fail(Errc::unavailable, "libcurl lacks a function: {}", why ? why : "unknown");
  }
  if (const auto code = curl.global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK)
    return fail(Errc::unavailable, "libcurl does not start: {}", curl.easy_strerror(code));
  return curl;
}

}  // namespace carapace::net
