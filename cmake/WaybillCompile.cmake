# How our code is compiled: C++20 without extensions, every warning an error, ccache and mold when they are there.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_compile_options(-fPIC)  # the same for libraries, programs and the precompiled header
add_link_options(-pie)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(WAYBILL_CCACHE ccache)
if(WAYBILL_CCACHE)
  # A precompiled header is only cacheable when ccache does not insist on its time stamp.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${WAYBILL_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()
find_program(WAYBILL_MOLD mold)
if(WAYBILL_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  find_program(WAYBILL_LLD NAMES ld.lld-19 ld.lld)
  if(WAYBILL_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

add_library(waybill_flags INTERFACE)
target_compile_options(waybill_flags INTERFACE -Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(waybill_flags INTERFACE -Wno-gnu-zero-variadic-macro-arguments)
else()
  # g++ 12 at -O2 sees ghosts in inlined std::string and std::vector code.
  target_compile_options(waybill_flags INTERFACE -Wshadow=local -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
      -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-free-nonheap-object -Wno-nonnull)
endif()
if(WAYBILL_SANITIZE)
  add_compile_options(-fsanitize=${WAYBILL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WAYBILL_SANITIZE})
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT WAYBILL_SANITIZE)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
      -ffunction-sections -fdata-sections)
  add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections)
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
endif()

# One precompiled header for all rooms: what nearly every file includes and what is slow to read.
file(WRITE ${CMAKE_BINARY_DIR}/waybill_pch.cc "// The precompiled header's carrier.\n")
add_library(waybill_pch OBJECT ${CMAKE_BINARY_DIR}/waybill_pch.cc)
target_link_libraries(waybill_pch PRIVATE waybill_flags)
target_precompile_headers(waybill_pch PRIVATE
  <algorithm> <array> <atomic> <charconv> <cstdint> <cstring> <functional> <map> <memory> <mutex> <optional> <span>
  <string> <string_view> <unordered_map> <utility> <variant> <vector>
  <absl/container/flat_hash_map.h> <absl/container/flat_hash_set.h> <tl/expected.hpp>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(waybill_pch PRIVATE -Xclang -fno-pch-timestamp)
endif()
