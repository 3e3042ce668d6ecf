# The three ways to make a target, with the same warnings and include root for all.
#
#   tenon_library(NAME SOURCES a.cc b.cc [DEPENDS other ...] [LINK Package::target ...])
#       static library tenon_NAME; DEPENDS names other Tenon libraries without the prefix.
#   tenon_executable(NAME SOURCES main.cc [DEPENDS ...] [LINK ...])
#       program build/PRESET/NAME.
#   tenon_unit_test(NAME SOURCES a_test.cc [DEPENDS ...] [LINK ...])
#       GoogleTest program build/PRESET/tests/NAME, run by ctest as NAME. Sees TENON_SOURCE_DIR
#       and TENON_BINARY_DIR.
#
# Source lists are explicit and sorted; scripts/check.py finds files that no list names.

find_program(TENON_MOLD mold)
if(TENON_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(TENON_CCACHE ccache)
if(TENON_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TENON_CCACHE})
endif()
if(TENON_SANITIZE)
  add_compile_options(
    -fsanitize=${TENON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TENON_SANITIZE})
  # The checks hide from the compiler which member of a variant is alive.
  add_compile_options(-Wno-maybe-uninitialized)
endif()

function(tenon_target_defaults target)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  # Designated initializers leave fields at their defaults on purpose.
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers)
  if(TENON_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

function(tenon_depends target)
  foreach(dependency IN LISTS ARGN)
    target_link_libraries(${target} PUBLIC tenon_${dependency})
    set_property(GLOBAL APPEND PROPERTY TENON_DEPENDS "${target}=tenon_${dependency}")
  endforeach()
endfunction()

function(tenon_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LINK")
  add_library(tenon_${name} STATIC ${arg_SOURCES})
  tenon_target_defaults(tenon_${name})
  tenon_depends(tenon_${name} ${arg_DEPENDS})
  target_link_libraries(tenon_${name} PUBLIC ${arg_LINK})
endfunction()

function(tenon_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LINK")
  add_executable(${name} ${arg_SOURCES})
  tenon_target_defaults(${name})
  tenon_depends(${name} ${arg_DEPENDS})
  target_link_libraries(${name} PRIVATE ${arg_LINK} Threads::Threads)
endfunction()

function(tenon_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LINK")
  tenon_executable(${name}
    SOURCES ${arg_SOURCES}
    DEPENDS ${arg_DEPENDS}
    LINK ${arg_LINK} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_compile_definitions(${name} PRIVATE
    TENON_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TENON_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_test(NAME ${name}
    COMMAND ${name} --gtest_brief=1
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  # What has threads or processes also runs under the thread sanitizer (scripts/dev verify).
  if(name MATCHES "^(support|rpc|tracker|worker)")
    set_tests_properties(${name} PROPERTIES LABELS concurrency)
    add_dependencies(concurrency_tests ${name})
  endif()
endfunction()
add_custom_target(concurrency_tests)

# Adds each listed folder that has a CMakeLists.txt.
function(tenon_folders)
  foreach(folder IN LISTS ARGN)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
      add_subdirectory(${folder})
    endif()
  endforeach()
endfunction()

# Names every DEPENDS that no folder defines, which else becomes a link error "-ltenon_x".
function(tenon_check_depends)
  get_property(pairs GLOBAL PROPERTY TENON_DEPENDS)
  foreach(pair IN LISTS pairs)
    string(REPLACE "=" ";" pair "${pair}")
    list(GET pair 0 target)
    list(GET pair 1 dependency)
    if(NOT TARGET ${dependency})
      message(WARNING "${target} depends on ${dependency}; no CMakeLists.txt defines it")
    endif()
  endforeach()
endfunction()
