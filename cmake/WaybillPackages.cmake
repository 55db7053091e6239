# Debian's libraries, static where Debian ships an archive: a short list of shared libraries decides how fast a
# command starts (docs/decisions/0002-static-archives.md). Each becomes a target `dep::NAME`.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

function(waybill_archive name archive header)
  find_library(WAYBILL_LIB_${name} NAMES ${archive} REQUIRED)
  find_path(WAYBILL_INC_${name} NAMES ${header} REQUIRED)
  add_library(dep::${name} INTERFACE IMPORTED GLOBAL)
  target_link_libraries(dep::${name} INTERFACE ${WAYBILL_LIB_${name}} ${ARGN})
endfunction()

waybill_archive(zstd libzstd.a zstd.h)
waybill_archive(sqlite libsqlite3.a sqlite3.h Threads::Threads ${CMAKE_DL_LIBS} m)
waybill_archive(crypto libcrypto.a openssl/evp.h Threads::Threads ${CMAKE_DL_LIBS})
waybill_archive(re2 libre2.a re2/re2.h Threads::Threads)
waybill_archive(gmp libgmp.so gmp.h)              # LGPL: stays a shared library
waybill_archive(simdjson libsimdjson.so simdjson.h) # Debian has no archive of it
waybill_archive(zlib libz.a zlib.h)
waybill_archive(pugixml libpugixml.a pugixml.hpp)
waybill_archive(yaml libyaml-cpp.a yaml-cpp/yaml.h)

find_package(fmt REQUIRED)  # Debian has no archive of fmt; its code is compiled into the few files that use it
add_library(dep::fmt INTERFACE IMPORTED GLOBAL)
target_link_libraries(dep::fmt INTERFACE fmt::fmt-header-only)

# abseil's hash tables, from the archives, in the order that pkg-config gives.
execute_process(COMMAND ${PKG_CONFIG_EXECUTABLE} --libs-only-l --static absl_raw_hash_set absl_hash
                OUTPUT_VARIABLE absl_flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "-labsl_[a-z0-9_]+" absl_names "${absl_flags}")
set(absl_archives "")
foreach(flag IN LISTS absl_names)
  string(REGEX REPLACE "^-l(.*)$" "lib\\1.a" file "${flag}")
  unset(path CACHE)
  find_library(path NAMES ${file} REQUIRED)
  list(APPEND absl_archives ${path})
endforeach()
unset(path CACHE)
add_library(dep::absl INTERFACE IMPORTED GLOBAL)
target_link_libraries(dep::absl INTERFACE -Wl,--start-group ${absl_archives} -Wl,--end-group Threads::Threads)

if(WAYBILL_TESTS)
  find_package(GTest REQUIRED)
  waybill_archive(rapidcheck librapidcheck.a rapidcheck.h)
  waybill_archive(roaring libroaring.so roaring/roaring.h)  # yardstick for the graph's own bitmaps; never in the executable
endif()
