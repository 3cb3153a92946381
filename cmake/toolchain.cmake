# Compiler rules of the house: one language level, warnings are errors, fast linker and cache where present.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "GNU ${CMAKE_CXX_COMPILER_VERSION} destroys coroutine temporaries twice. "
                      "Use clang-22 (./scripts/quickstart installs it) or GNU 13 and newer.")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(carapace_flags INTERFACE)
target_compile_options(carapace_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -fno-omit-frame-pointer -fvisibility=hidden -fvisibility-inlines-hidden)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(carapace_flags INTERFACE -Wno-c23-extensions)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  # "Checks on": library assertions stay in, and so does enough optimisation to run the kill sweeps.
  target_compile_definitions(carapace_flags INTERFACE _GLIBCXX_ASSERTIONS)
endif()

find_program(LLD_PROGRAM NAMES ld.lld-22 ld.lld)
if(LLD_PROGRAM AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_link_options(carapace_flags INTERFACE -fuse-ld=lld)
endif()

if(CARAPACE_SANITIZE)
  target_compile_options(carapace_flags INTERFACE -fsanitize=${CARAPACE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(carapace_flags INTERFACE -fsanitize=${CARAPACE_SANITIZE})
  if(CARAPACE_SANITIZE MATCHES "undefined")
    # UBSan's vptr check needs RTTI of every library we link; Debian's are built without it.
    target_compile_options(carapace_flags INTERFACE -fno-sanitize=vptr,function)
  endif()
endif()
if(CARAPACE_FUZZ)
  target_compile_options(carapace_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
