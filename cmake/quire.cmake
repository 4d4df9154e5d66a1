# How sources become targets: flags, sanitizers, and the few kinds of target there are.

add_compile_options(-Wall -Wextra -Werror -Wno-missing-field-initializers -g -fPIC
  -fno-semantic-interposition)
if(NOT QUIRE_SANITIZE STREQUAL "coverage")  # llvm-cov looks sources up by their full names
  add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
endif()
include_directories(${CMAKE_SOURCE_DIR})
add_compile_definitions(${QUIRE_DEFINES})

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overruns in plain concatenations of std::string (GCC bug 105329 and its like).
  add_compile_options(-Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # std::lock_guard and friends say nothing to the thread annotations, so they are only for our own.
  add_compile_options(-Wthread-safety -gdwarf-4)
endif()

if(QUIRE_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(QUIRE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(QUIRE_SANITIZE STREQUAL "coverage")
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping -fsanitize=fuzzer-no-link)
  add_link_options(-fprofile-instr-generate)
elseif(QUIRE_SANITIZE)
  message(FATAL_ERROR "QUIRE_SANITIZE=${QUIRE_SANITIZE} is not known")
endif()

# The sources that match, found again at every build. The pattern is taken recursively.
macro(quire_sources result pattern)
  file(GLOB_RECURSE ${result} CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${pattern})
endmacro()

# A static library, or only its usage when it has no sources (yet).
macro(quire_library name sources)
  if("${sources}" STREQUAL "")
    file(WRITE ${CMAKE_BINARY_DIR}/${name}_empty.cpp "")
    add_library(${name} STATIC ${CMAKE_BINARY_DIR}/${name}_empty.cpp)
  else()
    add_library(${name} STATIC ${sources})
  endif()
endmacro()

# A GoogleTest program of these sources, known to ctest; nothing when there are none.
function(quire_test name sources)
  if("${sources}" STREQUAL "")
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE test_support engine GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM precompiled_tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
