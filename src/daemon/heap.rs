//! Keeps the C library's heap small: a board has little memory, and the daemon idles most of the time.
//!
//! Never: called after threads have been started, but for [`give_back`].

/// Threads share two arenas; each one more costs a megabyte that is never given back.
#[cfg(target_env = "gnu")]
const ARENAS: libc::c_int = 2;
/// Larger blocks are mapped on their own and go back when they are freed. Setting it also stops
/// glibc from raising it after the first large block, such as the memory of a password hash.
#[cfg(target_env = "gnu")]
const MAPPED_FROM_BYTES: libc::c_int = 256 * 1024;
/// Free memory at the end of the heap that is kept.
#[cfg(target_env = "gnu")]
const TRIM_FROM_BYTES: libc::c_int = 256 * 1024;

/// Sets the heap's habits (mallopt(3)). Called first of all in `main`.
#[cfg(target_env = "gnu")]
pub fn tame() {
    for (parameter, value) in [
        (libc::M_ARENA_MAX, ARENAS),
        (libc::M_MMAP_THRESHOLD, MAPPED_FROM_BYTES),
        (libc::M_TRIM_THRESHOLD, TRIM_FROM_BYTES),
    ] {
        // SAFETY: mallopt takes two numbers and touches no memory of ours; no other thread runs yet,
        // because `main` calls this before it starts any.
        unsafe { libc::mallopt(parameter, value) };
    }
}

/// Gives free pages back to the kernel (malloc_trim(3)); takes about a millisecond.
#[cfg(target_env = "gnu")]
pub fn give_back() {
    // SAFETY: malloc_trim takes a number, locks the heap itself and moves nothing that is in use.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
pub fn tame() {}

#[cfg(not(target_env = "gnu"))]
pub fn give_back() {}
