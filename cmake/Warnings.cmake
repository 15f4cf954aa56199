add_library(sheaf_warnings INTERFACE)
target_compile_options(sheaf_warnings INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow)
# GCC 12 reports these inside the standard library's own headers at -O2; they name no place of ours.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(sheaf_warnings INTERFACE -Wno-restrict -Wno-error=maybe-uninitialized -Wno-error=stringop-overflow -Wno-error=array-bounds)
endif()
