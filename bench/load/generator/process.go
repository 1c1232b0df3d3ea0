package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// What processes have used so far, of the generator itself and, where the system has /proc, of the
// server.

const ticksPerSecond = 100

// ownCPUSeconds is user and system time of this process.
func ownCPUSeconds() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return seconds(usage.Utime) + seconds(usage.Stime)
}

func seconds(value syscall.Timeval) float64 {
	return float64(value.Sec) + float64(value.Usec)/1e6
}

// machineCPUSeconds is what all processes and the system used, 0 without /proc. Source: proc(5),
// /proc/stat.
func machineCPUSeconds() float64 {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	total := 0.0
	// user, nice, system, irq, softirq; "cpu" is the first field.
	for _, field := range []int{1, 2, 3, 6, 7} {
		ticks, _ := strconv.ParseFloat(fields[field], 64)
		total += ticks
	}
	return total / ticksPerSecond
}

// serverCPU is user and system time of another process, and of each of its threads.
type serverCPU struct {
	total   float64
	threads map[string]float64
}

func readServerCPU(process int) *serverCPU {
	if process == 0 {
		return nil
	}
	folder := "/proc/" + strconv.Itoa(process)
	total, ok := cpuOf(folder + "/stat")
	if !ok {
		return nil
	}
	usage := &serverCPU{total: total, threads: map[string]float64{}}
	tasks, err := os.ReadDir(folder + "/task")
	if err != nil {
		return usage
	}
	for _, task := range tasks {
		if used, ok := cpuOf(folder + "/task/" + task.Name() + "/stat"); ok {
			usage.threads[task.Name()] = used
		}
	}
	return usage
}

// busiestThread is the most that one thread used since `before`.
func (usage *serverCPU) busiestThread(before *serverCPU) float64 {
	most := 0.0
	for thread, used := range usage.threads {
		most = max(most, used-before.threads[thread])
	}
	return most
}

// Fields 14 and 15 of proc(5), utime and stime; the name in field 2 may hold blanks and brackets.
func cpuOf(file string) (float64, bool) {
	text, err := os.ReadFile(file)
	end := bytes.LastIndexByte(text, ')')
	if err != nil || end < 0 {
		return 0, false
	}
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 13 {
		return 0, false
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticksPerSecond, true
}
