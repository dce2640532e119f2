# The compiler flags of every target: warnings, hardening, sanitizers.
set(DK_WARNINGS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla
  -Wformat=2 -Wundef -Wcast-qual -Wwrite-strings -Wpointer-arith
  -Wswitch-enum -Wnull-dereference)

function(dk_flags target)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE
    DK_VERSION_TEXT="${PROJECT_VERSION}")
  target_compile_options(${target} PRIVATE ${DK_WARNINGS}
    -fno-strict-aliasing -fno-common)
  if(DK_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(DK_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${DK_SANITIZE}
      -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${DK_SANITIZE})
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND NOT DK_SANITIZE)
    target_compile_options(${target} PRIVATE -D_FORTIFY_SOURCE=2
      -fstack-protector-strong -fPIE)
    target_link_options(${target} PUBLIC -Wl,-z,relro,-z,now)
  endif()
  if(DK_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()
