//go:build race

package attack

// underRace is true in a build with the race detector, which learns that an answer comes after its request, and so what
// a server in the same process did before, from syscall.Read and syscall.Write alone.
const underRace = true
