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

file(GLOB doc_pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md)
carapace_embed(CARAPACE_DOCS_SOURCE embedded_docs ${CMAKE_SOURCE_DIR} DEPENDS ${doc_pages} ${CMAKE_SOURCE_DIR}/README.md
               NAMES README.md docs)

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
