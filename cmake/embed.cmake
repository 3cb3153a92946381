# Files whose bytes live in the binary: the documentation (searched by the offline guide) and the browser app.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# carapace_embed(OUT_VARIABLE function root DEPENDS files… NAMES names…)
function(carapace_embed out function root)
  cmake_parse_arguments(ARG "" "" "DEPENDS;NAMES" ${ARGN})
  set(file ${CMAKE_BINARY_DIR}/generated/${function}.cc)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated)
  add_custom_command(
    OUTPUT ${file}
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/embed ${file} ${function} ${root} ${ARG_NAMES}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/embed ${ARG_DEPENDS}
    COMMENT "Embedding ${function}" VERBATIM)
  set(${out} ${file} PARENT_SCOPE)
endfunction()

# Pages for people; the tables of docs/reference are for looking up, not for questions.
file(GLOB doc_pages CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/docs/*.md)
list(TRANSFORM doc_pages PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE doc_files)
carapace_embed(CARAPACE_DOCS_SOURCE embedded_docs ${CMAKE_SOURCE_DIR} DEPENDS ${doc_files} ${CMAKE_SOURCE_DIR}/README.md
               NAMES README.md ${doc_pages})

if(CARAPACE_UI)
  find_program(NPM_PROGRAM npm REQUIRED)
  file(GLOB_RECURSE ui_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ui/src/*)
  set(ui_stamp ${CMAKE_BINARY_DIR}/generated/ui.stamp)
  add_custom_command(
    OUTPUT ${ui_stamp}
    COMMAND ${CMAKE_COMMAND} -E chdir ${CMAKE_SOURCE_DIR}/ui ${NPM_PROGRAM} ci --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E chdir ${CMAKE_SOURCE_DIR}/ui ${NPM_PROGRAM} run build
    COMMAND ${CMAKE_COMMAND} -E touch ${ui_stamp}
    DEPENDS ${ui_sources} ${CMAKE_SOURCE_DIR}/ui/package-lock.json ${CMAKE_SOURCE_DIR}/ui/index.html ${CMAKE_SOURCE_DIR}/ui/vite.config.ts
    COMMENT "Building the browser app" VERBATIM)
  carapace_embed(CARAPACE_UI_SOURCE embedded_ui ${CMAKE_SOURCE_DIR}/ui/dist DEPENDS ${ui_stamp} NAMES .)
endif()
