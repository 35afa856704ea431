package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// startOn starts a command on some CPUs; none: on those of this process. A process inherits its affinity from the
// thread that starts it. If this process is killed, the command is told to end.
func startOn(cmd *exec.Cmd, cpus []int) error {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	if len(cpus) == 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var own, theirs unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		return fmt.Errorf("read the CPU affinity: %w", err)
	}
	for _, cpu := range cpus {
		theirs.Set(cpu)
	}
	if err := unix.SchedSetaffinity(0, &theirs); err != nil {
		return fmt.Errorf("set the CPU affinity to %v: %w", cpus, err)
	}
	err := cmd.Start()
	if back := unix.SchedSetaffinity(0, &own); back != nil {
		return fmt.Errorf("set the CPU affinity back: %w", back)
	}
	return err
}

// machineTime is what some of the machine's CPUs had done by some moment.
type machineTime struct {
	all, work, stolen time.Duration // work: in processes, not in interrupts
	pressure          time.Duration // time in which something waited for a CPU, of the whole machine; −1 if unknown
	at                time.Time
}

// kernelTick is the unit of /proc/stat (USER_HZ, 100 a second on every architecture Go runs on).
const kernelTick = 10 * time.Millisecond

// readMachine reads the time of the CPUs from /proc/stat (man 5 proc), and PSI (Documentation/accounting/psi.rst).
func readMachine(cpus []int) (machineTime, bool) {
	m := machineTime{pressure: readPressure(), at: time.Now()}
	file, err := os.Open("/proc/stat")
	if err != nil {
		return m, false
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 9 || !strings.HasPrefix(fields[0], "cpu") {
			break // the CPUs come first
		}
		cpu, err := strconv.Atoi(fields[0][len("cpu"):])
		if err != nil || !slices.Contains(cpus, cpu) {
			continue
		}
		m.add(fields[1:])
	}
	return m, m.all > 0
}

// add takes user, nice, system, idle, iowait, irq, softirq and steal.
func (m *machineTime) add(fields []string) {
	for i, field := range fields[:8] {
		n, _ := strconv.ParseInt(field, 10, 64) // the kernel's own text
		t := time.Duration(n) * kernelTick
		m.all += t
		switch {
		case i <= 2:
			m.work += t
		case i == 7:
			m.stolen += t
		}
	}
}

// readPressure reads the total of "some" in microseconds.
func readPressure() time.Duration {
	text, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return -1
	}
	line, _, _ := strings.Cut(string(text), "\n")
	_, total, _ := strings.Cut(line, "total=")
	us, err := strconv.ParseInt(strings.TrimSpace(total), 10, 64)
	if err != nil {
		return -1
	}
	return time.Duration(us) * time.Microsecond
}
